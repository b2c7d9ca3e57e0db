// CIFAR-10's and CIFAR-100's binary files: records of a label, or two, and 3072 bytes of pixels.
#pragma once
#include <string>
#include <vector>

#include "dcgan/dataset.h"

namespace dcgan {

/// data_batch_1.bin and so on, or train.bin, in the folder or up to two levels below; in the order
/// of names. A file stands for itself. Split::test: test_batch.bin or test.bin, and no other file.
std::vector<std::string> find_cifar_files(const std::string& place, Split split = Split::train);

/// Reads them as images of 32x32x3. Labels are the classes, of CIFAR-100 the fine ones; label_names
/// are those of the text file that comes along. Throws Error naming the file.
Dataset read_cifar_dataset(const std::string& place, Split split = Split::train);

}  // namespace dcgan
