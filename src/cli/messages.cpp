// Standard error, and words for the shell.
#include "cli/messages.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace dcgan::cli {
namespace {

/// The message of a line of the log.
class VisibleText : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& line, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const std::string text = visible({line.payload.data(), line.payload.size()});
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<VisibleText>();
  }
};

}  // namespace

void complain(std::string_view what) {
  std::fprintf(stderr, "dcgan_cuda: %s\n", visible(what).c_str());
}

void set_up_warnings() {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<VisibleText>('*').set_pattern("%^%l%$: %*");
  spdlog::set_default_logger(spdlog::stderr_color_st("dcgan_cuda"));
  spdlog::set_formatter(std::move(formatter));
}

std::string shell_word(const std::string& path) {
  static const char* bare =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-+,:=@%";
  std::string word = path.starts_with('-') ? "./" + path : path;  // not an option
  if (!word.empty() && word.find_first_not_of(bare) == word.npos) return word;
  const bool plain = visible(word) == word;
  std::string quoted = plain ? "'" : "$'";
  for (const char c : word) {
    if (c == '\'')
      quoted += plain ? "'\\''" : "\\'";
    else if (!plain && (c < ' ' || c > '~' || c == '\\'))
      quoted += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
    else
      quoted += c;
  }
  return quoted + "'";
}

}  // namespace dcgan::cli
