// dcgan_cuda: parses the command line and turns failures into one line and an exit status.
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <new>

#include "cli/commands.h"
#include "dcgan/error.h"

namespace dcgan::cli {
namespace {

/// `dcgan_cuda --steps 5 train` would train without that limit.
void refuse_options_before_subcommands(CLI::App& app) {
  for (CLI::App* command : app.get_subcommands({}))
    for (CLI::Option* option : app.get_options())
      if (option != app.get_help_ptr() && option != app.get_version_ptr())
        command->excludes(option);
}

/// Starts the program anew with OpenMP's waiting threads told to sleep soon: by default they spin
/// for milliseconds, which on a busy machine is the time of those that work. OpenMP reads that
/// before main. What the user says of it holds.
void start_with_short_spins(char** argv) {
  if (std::getenv("GOMP_SPINCOUNT") || std::getenv("OMP_WAIT_POLICY")) return;
  setenv("GOMP_SPINCOUNT", "3000", 1);
  execv("/proc/self/exe", argv);  // where that fails, they spin
}

}  // namespace
}  // namespace dcgan::cli

int main(int argc, char** argv) {
  using namespace dcgan;
  cli::start_with_short_spins(argv);
  spdlog::set_default_logger(spdlog::stderr_color_st("dcgan_cuda"));
  spdlog::set_pattern("%^%l%$: %v");

  CLI::App app{
      "Trains GANs. Without a subcommand: the Vanilla GAN and the DCGAN of the Keras notebook on "
      "Fashion-MNIST, then a page that compares them."};
  app.set_version_flag("--version", DCGAN_VERSION);
  app.require_subcommand(0, 1);
  app.option_defaults()->take_last();  // so that a script's options can be overridden
  int status = cli::done;
  cli::add_notebook(app, status);
  cli::add_train(app, status);
  cli::add_sample(app, status);
  cli::add_replay(app, status);
  cli::add_kernels(app, status);
  cli::add_info(app, status);
  cli::refuse_options_before_subcommands(app);
  try {
    app.parse(argc, argv);
    if ((std::fflush(stdout) != 0 || std::ferror(stdout)) && status == cli::done)
      throw Error("standard output cannot be written");
    return status;
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);  // --help, --version
    std::fprintf(stderr, "dcgan_cuda: %s (see --help)\n", e.what());
    return cli::wrong_usage;
  } catch (const UsageError& e) {
    std::fprintf(stderr, "dcgan_cuda: %s\n", e.what());
    return cli::wrong_usage;
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "dcgan_cuda: out of memory; a smaller --batch-size may fit\n");
  } catch (const std::exception& e) {
    std::fprintf(stderr, "dcgan_cuda: %s\n", e.what());
  }
  return cli::failed;
}
