// What the program prints: commands that can be pasted, names from outside, NaN, near misses.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "cli/small_run.h"
#include "image/image.h"
#include "io/safetensors.h"

namespace dcgan::test {
namespace {

namespace fs = std::filesystem;

class Messages : public SmallRun {
 protected:
  static void expect_plain(const std::string& text) {
    for (const unsigned char c : text) EXPECT_TRUE(c == '\n' || (c >= 32 && c < 127)) << text;
  }
  static bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }
  /// Runs `command` in a shell; its exit status.
  int paste(const std::string& command) const {
    folder.write("pasted", command);
    return std::system(("cd / && bash " + folder.path("pasted") + " > /dev/null").c_str());
  }
};

TEST_F(Messages, TheCommandThatResumesCanBePasted) {
  for (const std::string name :
       {"plain-1.5_a", "with space", "it's", "\"quoted\" $HOME `date` \\n !x", "*;&|<>(){}[]#~ ?",
        "line\nfeed", "\x1b[31mred\tit's \\", "\xff\xc2\x9b", "Kleid \xc3\xbc"}) {
    Program program(train(name, {"--epochs", "100000"}));
    const std::string grid = folder.path(name + "/images/epoch_0001.png");
    for (int i = 0; i < 6000 && !fs::exists(grid); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    program.signal(SIGINT);
    const Outcome stopped = program.wait();
    ASSERT_EQ(stopped.status, 130) << stopped.err;
    const std::string lead = "Resume with: ";
    ASSERT_TRUE(has(stopped.out, lead)) << stopped.out;
    std::string command = stopped.out.substr(stopped.out.find(lead) + lead.size());
    command.resize(command.find('\n'));
    EXPECT_TRUE(has(stopped.out, lead + command + "\n"));
    EXPECT_FALSE(has(stopped.out, "\x1b") || has(stopped.out, "\xc2\x9b")) << stopped.out;
    const std::string log = folder.path(name + "/log.jsonl");
    const auto step = nlohmann::json::parse([&] {  // the last whole line of a step
                        std::istringstream lines(read_file(log));
                        std::string line, last;
                        while (std::getline(lines, line))
                          if (has(line, "\"step\"")) last = line;
                        return last;
                      }())["step"]
                          .get<int>();
    EXPECT_EQ(paste(command + " --steps " + std::to_string(step + 1)), 0) << command;
    EXPECT_TRUE(has(read_file(log), "\"step\":" + std::to_string(step + 1)));
  }
}

TEST_F(Messages, AFolderThatIsTakenIsNamedAsAWord) {
  const std::vector<std::string> job = {
      "--out", folder.path("the job"), "--data",    data, "--steps",   "1",  "--batch-size", "8",
      "--set", "width=0.0625",         "--threads", "2",  "--backend", "cpu"};
  ASSERT_EQ(run_program(job).status, 0);
  expect_refused(job, 1, {"--resume '" + folder.path("the job") + "'"});
}

TEST_F(Messages, EscapeSequencesOfNamesAreMadeVisible) {
  const std::string name = "a\x1b[31m\n\xc2\x9b\xff", shown = "a\\x1b[31m\\x0a\\xc2\\x9b\\xff";
  const auto refused = [&](const std::vector<std::string>& arguments, int status) {
    expect_refused(arguments, status, {shown});
    expect_plain(run_program(arguments).err);
  };
  refused({"info", folder.path(name)}, 1);
  refused({name}, 2);
  refused({"train", "--" + name}, 2);
  refused({"train", "--preset", name}, 2);
  refused({"train", "--config", folder.path(name)}, 1);
  refused({"sample", "--checkpoint", folder.path(name), "--out", "x.png"}, 1);
  expect_plain(run_program(train("x", {"--data", folder.path("\x1b[31m")})).err);
  const Outcome run = run_program(train(name, {"--steps", "1"}));
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_TRUE(has(run.out, shown)) << run.out;
  expect_plain(run.out);
  // Letters stay.
  EXPECT_TRUE(has(run_program({"info", "Kleid\xc3\xbc"}).err, "Kleid\xc3\xbc:"));
}

TEST_F(Messages, EscapeSequencesOfFilesAreMadeVisible) {
  const SafetensorsFile whole(finished_run());
  std::map<std::string, std::string> metadata = whole.metadata();
  auto config = nlohmann::json::parse(metadata.at("config"));
  config["data"] = "\x1b[2J\xc2\x9b";
  metadata["config"] = config.dump();
  const float zero = 0;
  write_safetensors(folder.path("c"), {{"\x1b]0;tensor\x07", DType::f32, {1}, &zero}}, metadata);
  const Outcome described = run_program({"info", folder.path("c")});
  EXPECT_EQ(described.status, 0) << described.err;
  expect_plain(described.out);
  EXPECT_TRUE(has(described.out, "\\x1b]0;tensor\\x07")) << described.out;

  metadata["format_version"] = "\x1b[2J";
  write_safetensors(folder.path("c"), {}, metadata);
  expect_refused({"info", folder.path("c")}, 1, {"\\x1b[2J"});
  folder.write("c.json", "{\"\\u001b[2J\": 1}");
  expect_plain(run_program({"train", "--config", folder.path("c.json")}).err);

  fs::create_directory(folder.path("pictures"));
  write_png(folder.path("pictures/a.png"), {2, 2, 3, std::vector<std::uint8_t>(12)});
  folder.write("pictures/\x1b[31m\n.png", "no picture");
  const Outcome trained =
      run_program({"train", "--preset", "vanilla-64", "--data", folder.path("pictures"), "--out",
                   folder.path("64"), "--steps", "1", "--set", "width=0.02"});
  EXPECT_TRUE(has(trained.err, "\\x1b[31m\\x0a.png")) << trained.err;
}

TEST_F(Messages, NanHasNoSign) {
  const SafetensorsFile whole(finished_run());
  std::vector<std::vector<float>> values;
  std::vector<TensorToWrite> tensors;
  for (const auto& [name, entry] : whole.entries()) {
    values.push_back(whole.f32(name));
    if (name == "discriminator.dense1.kernel")
      for (float& value : values.back()) value = -std::numeric_limits<float>::quiet_NaN();
    tensors.push_back({name, DType::f32, entry.shape, values.back().data()});
  }
  write_safetensors(folder.path("nan"), tensors, whole.metadata());
  const Outcome outcome = run_program(
      {"train", "--resume", folder.path("nan"), "--out", folder.path("x"), "--epochs", "2"});
  EXPECT_EQ(outcome.status, 1) << outcome.err;
  EXPECT_FALSE(has(outcome.err, "-nan")) << outcome.err;
  // Runs of former versions went on.
  std::map<std::string, std::string> metadata = whole.metadata();
  auto state = nlohmann::json::parse(metadata.at("state"));
  state["history"][0][1] = nullptr;
  metadata["state"] = state.dump();
  write_safetensors(folder.path("nan"), tensors, metadata);
  const Outcome shown = run_program({"info", folder.path("nan")});
  EXPECT_TRUE(has(shown.out, "loss G nan D ")) << shown.out;
  EXPECT_FALSE(has(shown.out, "-nan")) << shown.out;
}

// OpenMP shows what it was told before main.
TEST_F(Messages, WaitingThreadsSpinShortlyUnlessTheUserSaysOtherwise) {
  for (const char* name : {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"}) unsetenv(name);  // the suite's
  const auto shown = [](const std::vector<std::string>& environment) {
    Surroundings around;
    around.environment = environment;
    around.environment.push_back("OMP_DISPLAY_ENV=VERBOSE");
    return run_program({"--version"}, around).err;
  };
  const std::string shortly = "GOMP_SPINCOUNT = '3000'";
  EXPECT_TRUE(has(shown({}), shortly)) << shown({});
  EXPECT_TRUE(has(shown({"GOMP_SPINCOUNT=7"}), "GOMP_SPINCOUNT = '7'"));
  EXPECT_FALSE(has(shown({"GOMP_SPINCOUNT=7"}), shortly));
  EXPECT_FALSE(has(shown({"OMP_WAIT_POLICY=active"}), shortly));
}

TEST_F(Messages, WhatIsNotKnownIsMetWithTheNearestThatIs) {
  const auto meant = [&](const std::vector<std::string>& arguments, const std::string& known) {
    expect_refused(arguments, 2, {arguments.back(), "did you mean " + known + "?"});
  };
  meant({"trian"}, "train");
  meant({"sampel"}, "sample");
  meant({"--resum"}, "--resume");
  meant({"train", "--bakend"}, "--backend");
  meant({"train", "--batch_size"}, "--batch-size");
  meant({"train", "-epochs"}, "--epochs");
  meant({"sample", "--tread"}, "--threads");
  meant({"sample", "--chekpoint"}, "--checkpoint");  // not "--checkpoint is required"
  meant({"replay", "--weight"}, "--weights");
  meant({"kernels", "--block"}, "--blocks");
  expect_refused({"sample", "--chekpoint=x", "--out", "y"}, 2, {"did you mean --checkpoint?"});
  for (const std::string word : {"--speed-of-light", "xyzzy", "--x"}) {
    const std::string answer = run_program({"train", word}).err;
    EXPECT_TRUE(has(answer, word) && !has(answer, "did you mean")) << answer;
  }
  // Not what only another command knows.
  EXPECT_FALSE(has(run_program({"sample", "--epochs", "1"}).err, "--epochs?"));
}

}  // namespace
}  // namespace dcgan::test
