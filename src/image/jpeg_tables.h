// stb_image up to 2.27 (Debian 12 has 2.27) writes past its Huffman tables where a damaged JPEG
// announces more than 256 codes: such files are found before it sees them.
#pragma once
#include <span>

namespace dcgan {

/// Whether every Huffman table of a JPEG fits its 256 codes; true for files that are no JPEG.
bool huffman_tables_fit(std::span<const unsigned char> file);

}  // namespace dcgan
