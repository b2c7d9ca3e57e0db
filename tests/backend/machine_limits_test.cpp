// What /proc and control groups say, as files below a folder.
#include "backend/machine_limits.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <string>

#include "temporary_folder.h"

namespace dcgan::test {
namespace {

constexpr std::int64_t unlimited = std::numeric_limits<std::int64_t>::max();

class MachineLimits : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(folder_.path(name)).parent_path());
    folder_.write(name, text);
  }
  /// A file of a control group, named from where groups are mounted.
  void group(const std::string& name, const std::string& text) {
    write("sys/fs/cgroup/" + name, text + "\n");
  }
  int processors() const { return granted_processors(folder_.path("")); }
  std::int64_t all_memory() const { return total_memory_bytes(folder_.path("")); }
  std::int64_t memory() const { return free_memory_bytes(folder_.path("")); }

  const TemporaryFolder folder_;
};

TEST_F(MachineLimits, AreNoneWhereNothingTells) {
  EXPECT_EQ(processors(), 0);
  EXPECT_EQ(memory(), unlimited);
  write("proc/self/cgroup", "0::/\n");
  group("cpu.max", "max 100000");
  group("memory.max", "max");
  group("memory.current", "4096");
  EXPECT_EQ(processors(), 0);
  EXPECT_EQ(memory(), unlimited);
}

TEST_F(MachineLimits, MemoryIsWhatTheMachineHasAvailable) {
  write("proc/meminfo",
        "MemTotal:  99999999 kB\nMemFree:  5 kB\nMemAvailable:  12345 kB\nBuffers:  6 kB\n");
  EXPECT_EQ(memory(), 12345 * 1024);
  write("proc/self/cgroup", "0::/\n");
  group("memory.max", "20000000");
  group("memory.current", "1000");
  EXPECT_EQ(memory(), 12345 * 1024);  // the less of the two
}

TEST_F(MachineLimits, AllMemoryIsTheMachinesOrTheLeastThatAGroupMayUse) {
  EXPECT_EQ(all_memory(), unlimited);
  write("proc/meminfo", "MemTotal:  99999 kB\nMemAvailable:  12345 kB\n");
  EXPECT_EQ(all_memory(), 99999 * 1024);
  write("proc/self/cgroup", "0::/slice/job\n");
  group("slice/job/memory.max", "max");
  EXPECT_EQ(all_memory(), 99999 * 1024);
  group("slice/memory.max", "7000000");
  group("memory.max", "8000000");
  EXPECT_EQ(all_memory(), 7000000);
}

TEST_F(MachineLimits, OfAContainer) {
  write("proc/self/cgroup", "0::/\n");
  group("cpu.max", "150000 100000");
  EXPECT_EQ(processors(), 2);
  group("cpu.max", "100000 100000");
  EXPECT_EQ(processors(), 1);
  group("cpu.max", "20000 100000");
  EXPECT_EQ(processors(), 1);
  group("memory.max", "1000000");
  group("memory.current", "900000");
  EXPECT_EQ(memory(), 100000);
  group("memory.stat", "anon 500\ninactive_file 300000\nactive_file 7\ntotal_inactive_file 1");
  EXPECT_EQ(memory(), 400000);  // what is cached gives way
  group("memory.current", "1300001");
  EXPECT_EQ(memory(), 0);
}

TEST_F(MachineLimits, OfGroupsAroundTheProcess) {
  write("proc/self/cgroup", "0::/system.slice/job.service\n");
  group("system.slice/job.service/cpu.max", "max 100000");
  group("system.slice/cpu.max", "300000 100000");
  group("cpu.max", "800000 100000");
  EXPECT_EQ(processors(), 3);
  group("system.slice/job.service/cpu.max", "200000 100000");
  EXPECT_EQ(processors(), 2);
  group("other.slice/cpu.max", "100000 100000");
  EXPECT_EQ(processors(), 2);
  group("system.slice/job.service/memory.max", "5000");
  group("system.slice/job.service/memory.current", "1000");
  group("system.slice/memory.max", "9000");
  EXPECT_EQ(memory(), 4000);  // of the outer group it is not known what is used
  group("system.slice/memory.current", "6000");
  EXPECT_EQ(memory(), 3000);
}

TEST_F(MachineLimits, OfVersion1) {
  write("proc/self/cgroup",
        "12:memory:/docker/4711\n3:cpu,cpuacct:/docker/4711\n4:cpuset:/x\n0::/\n");
  // The host's path, of which a container sees the end alone.
  group("cpu/cpu.cfs_quota_us", "250000");
  EXPECT_EQ(processors(), 0);
  group("cpu/cpu.cfs_period_us", "50000");
  EXPECT_EQ(processors(), 5);
  group("cpu/docker/4711/cpu.cfs_quota_us", "-1");
  group("cpu/docker/4711/cpu.cfs_period_us", "50000");
  EXPECT_EQ(processors(), 5);
  group("cpuset/x/cpu.cfs_quota_us", "50000");
  group("cpuset/x/cpu.cfs_period_us", "50000");
  EXPECT_EQ(processors(), 5);
  group("cpu/x/cpu.cfs_quota_us", "50000");  // of the processors that may be used
  group("cpu/x/cpu.cfs_period_us", "50000");
  EXPECT_EQ(processors(), 5);
  group("cpu/docker/4711/cpu.cfs_quota_us", "100000");
  EXPECT_EQ(processors(), 2);
  group("memory/memory.limit_in_bytes", "9223372036854771712");
  group("memory/memory.usage_in_bytes", "1000");
  EXPECT_GT(memory(), unlimited / 2);
  group("memory/docker/4711/memory.limit_in_bytes", "7000");
  group("memory/docker/4711/memory.usage_in_bytes", "6000");
  group("memory/docker/4711/memory.stat", "inactive_file 9\ntotal_inactive_file 500");
  EXPECT_EQ(memory(), 1500);
}

TEST_F(MachineLimits, LinesThatSayNothingArePassedOver) {
  write("proc/self/cgroup", "\n7\n7:cpu\n");
  group("cpu.max", "100000 100000");
  EXPECT_EQ(processors(), 0);
  write("proc/self/cgroup", "\n7\n7:cpu\n0::/\n");
  group("cpu.max", "100000");
  EXPECT_EQ(processors(), 0);
  group("cpu.max", "100000 0");
  EXPECT_EQ(processors(), 0);
  group("cpu.max", "1 1");
  EXPECT_EQ(processors(), 1);
  group("cpu.max", "2 1");
  EXPECT_EQ(processors(), 2);
  write("proc/self/cgroup", "0::/inner\n");
  group("inner/cpu.max", "0 100000");
  EXPECT_EQ(processors(), 2);
  write("proc/meminfo", "MemAvailable:\nMemAvailable: 3 kB\n");
  EXPECT_EQ(memory(), 3 * 1024);
}

}  // namespace
}  // namespace dcgan::test
