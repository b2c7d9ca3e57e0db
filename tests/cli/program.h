// Runs the real program, as its user's shell does.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

#include "temporary_folder.h"

namespace dcgan::test {

struct Outcome {
  int status = 0;  ///< the exit status; 128 + n where signal n ended it
  std::string out, err;
};

struct Surroundings {
  std::vector<std::string> environment{};  ///< "NAME=value", added
  std::string standard_output{};           ///< a file instead of Outcome::out
  std::vector<int> closed{};               ///< descriptors, as by >&-
  long largest_file_bytes = 0;             ///< stands for a full disk; 0: no limit
};

/// A program that has been started.
class Program {
 public:
  explicit Program(const std::vector<std::string>& arguments, const Surroundings& around = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void signal(int number) const;
  Outcome wait();

 private:
  TemporaryFolder streams_;
  pid_t process_ = -1;
};

Outcome run_program(const std::vector<std::string>& arguments, const Surroundings& around = {});

/// Fails the test unless the program ended with `status` and said why in one line that has all of
/// `parts`.
void expect_refused(const std::vector<std::string>& arguments, int status,
                    const std::vector<std::string>& parts, const Surroundings& around = {});

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// All files below a folder, with their contents' sizes, sorted: "log.jsonl 120".
std::vector<std::string> list_files(const std::string& directory);

}  // namespace dcgan::test
