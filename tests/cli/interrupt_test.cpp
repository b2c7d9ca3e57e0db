// Ctrl-C: the state is saved, and resuming from it gives the bits of an unbroken run.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include "cli/small_run.h"
#include "io/safetensors.h"

namespace dcgan::test {
namespace {

namespace fs = std::filesystem;

class Interrupt : public SmallRun {
 protected:
  /// Waits for a file to appear, at most a minute.
  static void await(const std::string& path) {
    for (int i = 0; i < 6000 && !fs::exists(path); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ASSERT_TRUE(fs::exists(path)) << path;
  }
  static std::string last_word(std::string text) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text.substr(text.find_last_of(" \n") + 1);
  }
};

TEST_F(Interrupt, SavesAndAResumedRunEqualsAnUnbrokenOne) {
  // Batches of 3 make epochs of 7 steps, so that the stop falls into an epoch's middle as a rule.
  const std::vector<std::string> little = {"--batch-size", "3", "--set", "width=0.5"};
  const auto arguments = [&](const std::string& out, std::vector<std::string> more) {
    more.insert(more.end(), little.begin(), little.end());
    return train(out, more, "dcgan");
  };
  Program program(arguments("first", {"--epochs", "100000"}));
  await(folder.path("first/images/epoch_0002.png"));
  program.signal(SIGINT);
  const Outcome stopped = program.wait();
  ASSERT_EQ(stopped.status, 130) << stopped.err;
  ASSERT_NE(stopped.out.find("interrupted at step"), std::string::npos) << stopped.out;
  const std::string saved = last_word(stopped.out);
  const SafetensorsFile file(saved);
  const std::string steps = std::to_string(std::stoll(file.metadata().at("step")) + 9);

  const Outcome resumed =
      run_program({"train", "--resume", saved, "--out", folder.path("second"), "--steps", steps});
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  const Outcome unbroken = run_program(arguments("third", {"--steps", steps}));
  ASSERT_EQ(unbroken.status, 0) << unbroken.err;

  const std::string end = std::stoll(steps) % 7 == 0
                              ? "epoch_000" + std::to_string(std::stoll(steps) / 7)
                              : "step_" + std::string(8 - steps.size(), '0') + steps;
  const SafetensorsFile a(checkpoint("second", end)), b(checkpoint("third", end));
  ASSERT_EQ(a.entries().size(), b.entries().size());
  for (const auto& [name, entry] : a.entries()) EXPECT_EQ(a.f32(name), b.f32(name)) << name;
  // The figures of the first run's epochs have been copied.
  EXPECT_EQ(read_file(folder.path("second/training.gif")),
            read_file(folder.path("third/training.gif")));
  EXPECT_EQ(read_file(folder.path("second/losses.png")),
            read_file(folder.path("third/losses.png")));
}

TEST_F(Interrupt, EverySignalToEndSavesTheState) {
  for (const int number : {SIGTERM, SIGHUP}) {
    const std::string out = "run" + std::to_string(number);
    Program program(train(out, {"--epochs", "100000"}));
    await(folder.path(out + "/images/epoch_0001.png"));
    program.signal(number);
    const Outcome outcome = program.wait();
    EXPECT_EQ(outcome.status, 130);
    EXPECT_TRUE(fs::is_regular_file(last_word(outcome.out))) << outcome.out;
  }
}

TEST_F(Interrupt, AReaderThatClosesTheOutputDoesNotStopTheRun) {
  const std::string pipe = folder.path("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  std::thread reader([&] {
    std::ifstream in(pipe);
    std::string line;
    std::getline(in, line);
  });
  const Outcome outcome = run_program(train("run", {"--epochs", "3"}), {.standard_output = pipe});
  reader.join();
  EXPECT_TRUE(fs::is_regular_file(checkpoint("run", "epoch_0003"))) << outcome.err;
  EXPECT_LT(outcome.status, 128) << "ended by a signal";
}

TEST_F(Interrupt, TheMainJobResumesUpToItsComparison) {
  const std::string job = folder.path("job");
  Program program({"--out", job, "--data", data, "--epochs", "400", "--batch-size", "8", "--set",
                   "width=0.0625", "--set", "checkpoint_every=400", "--threads", "2", "--backend",
                   "cpu"});
  await(job + "/vanilla/images/epoch_0001.png");
  program.signal(SIGINT);
  const Outcome stopped = program.wait();
  ASSERT_EQ(stopped.status, 130) << stopped.err;
  EXPECT_NE(stopped.out.find("dcgan_cuda --resume " + job), std::string::npos) << stopped.out;
  EXPECT_FALSE(fs::exists(job + "/comparison.html"));
  const Outcome resumed = run_program({"--resume", job, "--epochs", "5"});
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_TRUE(fs::is_regular_file(job + "/comparison.html"));
  EXPECT_TRUE(fs::is_regular_file(job + "/dcgan/images/epoch_0005.png"));
  expect_refused({"--resume", job, "--seed", "9"}, 2, {"seed=9", "seed=1"});
}

}  // namespace
}  // namespace dcgan::test
