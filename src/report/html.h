// What the HTML pages share.
#pragma once
#include <string>

namespace dcgan {

/// printf's text, of at most 511 characters.
__attribute__((format(printf, 1, 2))) std::string formatted(const char* format, ...);

/// Text as it stands in a page.
std::string escaped(const std::string& text);

/// A whole page; `style` goes on from what all pages have.
std::string html_page(const std::string& title, const std::string& style, const std::string& body);

}  // namespace dcgan
