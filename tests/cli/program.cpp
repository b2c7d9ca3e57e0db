// fork, exec and wait.
#include "cli/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "io/atomic_file.h"

namespace dcgan::test {
namespace {

/// In the child, between fork and exec.
void redirect(const std::string& path, int descriptor) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0 || dup2(file, descriptor) < 0) _exit(99);
}

/// The program under test; the environment may name another build of it.
char* program_path() {
  char* other = std::getenv("DCGAN_PROGRAM");
  return other ? other : const_cast<char*>(DCGAN_PROGRAM);
}

std::string command_line(const std::vector<std::string>& arguments) {
  std::string text = "dcgan_cuda";
  for (const std::string& argument : arguments) text += " " + argument;
  return text;
}

}  // namespace

Program::Program(const std::vector<std::string>& arguments, const Surroundings& around) {
  std::vector<char*> argv = {program_path()};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const std::string out =
      around.standard_output.empty() ? streams_.path("out") : around.standard_output;
  const std::string err = streams_.path("err");
  process_ = fork();
  if (process_ != 0) return;
  // The shell of a background job may have set these to be ignored.
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) std::signal(number, SIG_DFL);
  redirect(out, STDOUT_FILENO);
  redirect(err, STDERR_FILENO);
  for (const std::string& variable : around.environment)
    putenv(const_cast<char*>(variable.c_str()));
  if (around.largest_file_bytes > 0) {
    const auto bytes = static_cast<rlim_t>(around.largest_file_bytes);
    const rlimit limit{bytes, bytes};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  for (const int descriptor : around.closed) close(descriptor);
  execv(argv.front(), argv.data());
  _exit(98);
}

Program::~Program() {
  if (process_ <= 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

void Program::signal(int number) const { kill(process_, number); }

Outcome Program::wait() {
  int status = 0;
  waitpid(process_, &status, 0);
  process_ = -1;
  Outcome outcome;
  outcome.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  if (std::filesystem::exists(streams_.path("out"))) outcome.out = read_file(streams_.path("out"));
  outcome.err = read_file(streams_.path("err"));
  return outcome;
}

Outcome run_program(const std::vector<std::string>& arguments, const Surroundings& around) {
  return Program(arguments, around).wait();
}

void expect_refused(const std::vector<std::string>& arguments, int status,
                    const std::vector<std::string>& parts, const Surroundings& around) {
  SCOPED_TRACE(command_line(arguments));
  const Outcome outcome = run_program(arguments, around);
  EXPECT_EQ(outcome.status, status) << outcome.err;
  EXPECT_TRUE(outcome.err.starts_with("dcgan_cuda: ")) << outcome.err;
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  for (const std::string& part : parts)
    EXPECT_NE(outcome.err.find(part), std::string::npos) << part << " in: " << outcome.err;
}

std::vector<std::string> list_files(const std::string& directory) {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  if (fs::exists(directory))
    for (const auto& entry : fs::recursive_directory_iterator(directory))
      if (entry.is_regular_file())
        files.push_back(fs::relative(entry.path(), directory).string() + " " +
                        std::to_string(entry.file_size()));
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace dcgan::test
