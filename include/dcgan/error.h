// What the program throws when it cannot continue: a sentence its user can act on.
#pragma once
#include <stdexcept>
#include <string>

namespace dcgan {

/// A failure: a bad file, a full disk, a backend that is missing. The command line prints what() as
/// one line and exits with status 1.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Wrong usage: an unknown key, a number out of range. Exit status 2.
class UsageError : public Error {
 public:
  using Error::Error;
};

}  // namespace dcgan
