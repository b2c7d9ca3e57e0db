// dcgan_cuda: parses the command line and turns failures into one line and an exit status.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "cli/commands.h"
#include "cli/messages.h"
#include "config/fields.h"
#include "dcgan/error.h"

namespace dcgan::cli {
namespace {

/// A standard stream that is closed (`>&-`) would lend its number to the next file opened, and
/// messages would land there.
void open_closed_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(stream, F_GETFD) < 0) open("/dev/null", O_RDWR);  // gets the lowest number free
}

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

/// The known words: options, and commands where one may stand.
std::vector<std::string> known_words(const CLI::App& command) {
  std::vector<std::string> words;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  for (const CLI::App* sub : command.get_subcommands({})) words.push_back(sub->get_name());
  return words;
}

/// What the parser says; of a word that it does not know, also which known one is near. A mistyped
/// option may have left a required one without its value: then the mistyped one is the cause.
std::string wrong_usage_text(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<std::string> unknown = app.remaining(true);
  if (unknown.empty()) return std::string(error.what()) + " (see --help)";
  const std::string word = unknown.front().substr(0, unknown.front().find('='));
  const std::vector<CLI::App*> chosen = app.get_subcommands();
  std::string nearest;
  std::size_t least = word.size();
  for (const std::string& known : known_words(chosen.empty() ? app : *chosen.front())) {
    const std::size_t distance = config::edit_distance(word, known);
    if (distance >= least) continue;
    least = distance;
    nearest = known;
  }
  const std::size_t letters = word.size() - std::min(word.find_first_not_of('-'), word.size());
  const bool near = !nearest.empty() && 2 * least <= letters;
  return word + " is not known" + (near ? "; did you mean " + nearest + "?" : " (see --help)");
}

}  // namespace
}  // namespace dcgan::cli

int main(int argc, char** argv) {
  using namespace dcgan;
  cli::start_with_short_spins(argv);
  cli::open_closed_streams();
  std::signal(SIGXFSZ, SIG_IGN);  // a write beyond `ulimit -f` fails, and is reported, instead
  cli::set_up_warnings();

  CLI::App app{
      "Trains GANs. Without a subcommand: the Vanilla GAN and the DCGAN of the Keras notebook on "
      "Fashion-MNIST, then a page that compares them.",
      "dcgan_cuda"};
  app.set_version_flag("--version", DCGAN_VERSION);
  app.require_subcommand(0, 1);
  app.option_defaults()->take_last();  // so that a script's options can be overridden
  int status = cli::done;
  cli::add_notebook(app, status);
  cli::add_train(app, status);
  cli::add_sample(app, status);
  cli::add_evaluate(app, status);
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
    cli::complain(cli::wrong_usage_text(app, e));
    return cli::wrong_usage;
  } catch (const UsageError& e) {
    cli::complain(e.what());
    return cli::wrong_usage;
  } catch (const std::bad_alloc&) {
    cli::complain("out of memory; a smaller --batch-size may fit");
  } catch (const std::exception& e) {
    cli::complain(e.what());
  }
  return cli::failed;
}
