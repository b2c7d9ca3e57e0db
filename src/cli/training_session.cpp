// Progress bar, plain progress lines, and the signal handler.
#include "cli/training_session.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <ctime>

#include "backend/machine_limits.h"
#include "cli/estimates.h"
#include "cli/measures_text.h"
#include "cli/messages.h"

namespace dcgan::cli {
namespace {

std::atomic<bool> stop{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set from a signal handler");

std::atomic<std::time_t> first_signal_at{0};

// timeout(1) and process managers may deliver one request twice, so a second signal within two
// seconds of the first is taken for the same. Everything called here is async-signal-safe.
void on_signal(int signal) {
  const std::time_t now = std::time(nullptr);
  if (!stop.exchange(true)) {
    first_signal_at = now;
  } else if (now - first_signal_at >= 2) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
}

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string duration_text(double seconds) {
  const auto s = std::lround(seconds);
  return s >= 3600 ? message("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
                   : message("{}:{:02}", s / 60, s % 60);
}

/// What the run takes of the memory that there is.
std::string memory_text(const Trainer& trainer) {
  const std::string description = trainer.backend_description(),
                    backend = description.substr(0, description.find(' '));
  const auto pixels = static_cast<std::int64_t>(trainer.dataset().pixels.size());
  const std::string need = bytes_text(memory_bytes(trainer.config(), pixels, backend));
  return backend == "cuda" ? "about " + need + " of the GPU's"
                           : "about " + need + " of " + bytes_text(total_memory_bytes());
}

/// "generator 903008 parameters (+12736 moving), discriminator 55233 parameters"
std::string networks_text(const std::vector<NetworkInfo>& networks) {
  std::string text;
  for (const NetworkInfo& n : networks) {
    text += message("{}{} {} parameters", text.empty() ? "" : ", ", n.name, n.parameters);
    if (n.moving_statistics) text += message(" (+{} moving)", n.moving_statistics);
  }
  return text;
}

class Progress {
 public:
  explicit Progress(const Trainer& trainer)
      : terminal_(isatty(STDOUT_FILENO) != 0), first_step_(trainer.state().step) {}

  void step(const StepResult& s, const Trainer& trainer) {
    if (const std::string estimate = estimate_.after(s, trainer); !estimate.empty()) {
      clear();
      std::fputs(estimate.c_str(), stdout);
      std::fflush(stdout);
    }
    images_ += s.images;
    const double elapsed = seconds_since(start_);
    // A terminal is redrawn ten times a second; a log file gets a line every half minute.
    const double interval = terminal_ ? 0.1 : 30;
    const bool last = s.step == trainer.total_steps();
    if (elapsed - shown_at_ < interval && !(terminal_ && (s.ends_epoch || last))) return;
    shown_at_ = elapsed;
    const double per_step = elapsed / static_cast<double>(s.step - first_step_);
    const double eta = per_step * static_cast<double>(trainer.total_steps() - s.step);
    const double rate = static_cast<double>(images_) / elapsed;
    const std::int64_t per_epoch = trainer.steps_per_epoch();
    const std::int64_t in_epoch = s.ends_epoch ? per_epoch : trainer.state().steps_in_epoch;
    const int columns = terminal_ ? terminal_columns() : 80;
    // A narrow terminal gets the same numbers in fewer words.
    using I = std::int64_t;
    const Format<I, I, I, std::string, double, std::string>
        wide = "epoch {}  {}/{}  {}  {:.0f} images/s  ETA {}",
        narrow = "{}  {}/{}  {}  {:.0f}/s  {}";
    const std::string text =
        message(columns >= 72 ? wide : narrow, s.epoch, in_epoch, per_epoch,
                measures_text(trainer.config().preset, s.measures, 3), rate, duration_text(eta));
    if (terminal_)
      draw_bar(static_cast<double>(in_epoch) / static_cast<double>(per_epoch), text, columns);
    else
      say("{}\n", text);
    std::fflush(stdout);
  }

  void epoch(const EpochRecord& e, const std::string& preset, const std::string& picture) {
    if (terminal_) say("\r\033[K");
    say("epoch {}  {}  {:.1f} s  {}\n", e.epoch, measures_text(preset, e), e.seconds, picture);
    std::fflush(stdout);
  }

  void clear() const {
    if (terminal_) say("\r\033[K");
  }

 private:
  static int terminal_columns() {
    winsize size{};
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  }

  static void draw_bar(double fraction, const std::string& text, int columns) {
    const int room = std::clamp(columns - static_cast<int>(text.size()) - 4, 0, 30);
    const int filled = static_cast<int>(std::lround(fraction * room));
    std::string bar;
    if (room >= 8) bar = "[" + std::string(filled, '#') + std::string(room - filled, '.') + "] ";
    say("\r{}\033[K", (bar + text).substr(0, static_cast<std::size_t>(columns - 1)));
  }

  EpochEstimate estimate_;
  bool terminal_;
  std::int64_t first_step_;
  std::int64_t images_ = 0;
  Clock::time_point start_ = Clock::now();
  double shown_at_ = 0;
};

}  // namespace

void install_stop_handler() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP})
    if (std::signal(signal, on_signal) == SIG_IGN) std::signal(signal, SIG_IGN);  // as under nohup
  std::signal(SIGPIPE, SIG_IGN);
}

void print_resume_command(const std::string& arguments) {
  say("Resume with: {} {}\n", shell_word(program_invocation_name), arguments);
}

RunOutcome train_with_progress(Trainer& trainer, const std::string& directory,
                               const std::string& checkpoint) {
  const Config& c = trainer.config();
  say("{} on {} ({} images)\n  backend {}\n", preset_title(c.preset), trainer.dataset().name,
      trainer.dataset().count, trainer.backend_description());
  say("  {}\n", networks_text(trainer.networks()));
  say("  batch {}, {} steps ({} an epoch), seed {} -> {}\n", c.batch_size, trainer.total_steps(),
      trainer.steps_per_epoch(), c.seed, directory);
  say("  memory: {}\n", memory_text(trainer));
  if (!checkpoint.empty()) say("  resumed from {} at step {}\n", checkpoint, trainer.state().step);
  for (const SettingChange& change : trainer.state().changes)
    if (change.step == trainer.state().step)
      say("  changed: {} from {} to {}\n", change.key, change.from, change.to);
  if (checkpoint.empty() && !c.init.empty()) say("  begins with the weights of {}\n", c.init);
  std::fflush(stdout);

  Progress progress(trainer);
  RunOptions options;
  options.directory = directory;
  options.checkpoint = checkpoint;
  options.stop = &stop;
  options.after_step = [&](const StepResult& s, const Trainer& t) { progress.step(s, t); };
  options.after_epoch = [&](const EpochRecord& e, const std::string& g) {
    progress.epoch(e, c.preset, g);
  };
  RunOutcome outcome = run_training(trainer, options);
  progress.clear();
  if (outcome.interrupted)
    say("interrupted at step {}; state saved in {}\n", trainer.state().step, outcome.checkpoint);
  else
    say("done: {}\n", directory);
  std::fflush(stdout);
  return outcome;
}

}  // namespace dcgan::cli
