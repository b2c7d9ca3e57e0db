// dcgan_cuda: parses the command line and turns failures into one line and an exit status.
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <new>

#include "cli/commands.h"
#include "dcgan/error.h"

int main(int argc, char** argv) {
  using namespace dcgan;
  spdlog::set_default_logger(spdlog::stderr_color_st("dcgan_cuda"));
  spdlog::set_pattern("%^%l%$: %v");

  CLI::App app{
      "Trains GANs. Without a subcommand: the Vanilla GAN and the DCGAN of the Keras notebook on "
      "Fashion-MNIST, then a page that compares them."};
  app.set_version_flag("--version", DCGAN_VERSION);
  app.require_subcommand(0, 1);
  int status = cli::done;
  cli::add_notebook(app, status);
  cli::add_train(app, status);
  cli::add_sample(app, status);
  cli::add_replay(app, status);
  cli::add_info(app, status);
  try {
    app.parse(argc, argv);
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
