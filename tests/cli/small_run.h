// The smallest run that has everything: 20 pictures in batches of 8, narrow networks.
#pragma once
#include <string>
#include <vector>

#include "cli/program.h"
#include "idx_files.h"

namespace dcgan::test {

class SmallRun : public testing::Test {
 protected:
  SmallRun() {
    std::filesystem::create_directory(data);
    write_idx_dataset(data, 20);
  }

  /// train's arguments for `folder`, then `more`.
  std::vector<std::string> train(const std::string& out, const std::vector<std::string>& more,
                                 const std::string& preset = "vanilla") {
    std::vector<std::string> all = {"train", "--preset", preset, "--out", folder.path(out)};
    const std::vector<std::string> little = {"--data",    data,          "--batch-size", "8",
                                             "--threads", "2",           "--backend",    "cpu",
                                             "--set",     "width=0.0625"};
    all.insert(all.end(), little.begin(), little.end());
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  std::string checkpoint(const std::string& out, const std::string& name) {
    return folder.path(out + "/checkpoints/" + name + ".safetensors");
  }
  /// A finished run of one epoch; the path of its checkpoint.
  std::string finished_run(const std::string& out = "run", const std::string& preset = "vanilla") {
    const Outcome outcome = run_program(train(out, {"--epochs", "1"}, preset));
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return checkpoint(out, "epoch_0001");
  }

  TemporaryFolder folder;
  std::string data = folder.path("data");
};

}  // namespace dcgan::test
