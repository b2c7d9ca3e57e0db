// The comparison page: everything in it, nothing outside it.
#include "report/comparison.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <limits>

#include "dcgan/error.h"
#include "gif/gif.h"
#include "image/image.h"
#include "io/atomic_file.h"
#include "temporary_folder.h"

namespace dcgan::test {
namespace {

namespace fs = std::filesystem;

std::string decode_base64(const std::string& text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0, value = 0;
  for (const char c : text) {
    if (c == '=') break;
    value = value << 6 | static_cast<unsigned>(digits.find(c));
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>(value >> bits & 255);
    }
  }
  return bytes;
}

class Comparison : public testing::Test {
 protected:
  RunSummary run(const std::string& name, std::uint8_t grey) {
    fs::create_directories(folder.path(name));
    RunSummary run;
    run.title = name;
    run.directory = folder.path(name);
    run.final_grid = folder.path(name + "/last.png");
    write_png(run.directory + "/losses.png", {3, 1, 1, {grey, 1, 2}});
    write_png(run.final_grid, {2, 1, 1, {grey, 9}});
    write_gif(run.directory + "/training.gif", {Image{1, 1, 1, {grey}}}, 500);
    run.networks = {{"generator", 903008, 12736}, {"discriminator", 55233, 0}};
    run.epochs = {{1, {1.25, 0.5}, 10, {}}, {2, {0.75, 1.0625}, 21, {}}};
    run.settings = {{"seed", "1"}, {"data", "<\"a\" & b>"}};
    return run;
  }
  TemporaryFolder folder;
};

TEST_F(Comparison, IsSelfContainedAndHoldsThePicturesOfBothRuns) {
  const std::vector<RunSummary> runs = {run("Vanilla GAN", 10), run("DCGAN", 20)};
  write_comparison_page(folder.path("page.html"), runs, {{"Backend", "cpu & more"}});
  const std::string page = read_file(folder.path("page.html"));
  std::vector<std::string> pictures;
  const std::string start = "src=\"data:image/", comma = ";base64,";
  for (std::size_t at = 0; (at = page.find(start, at)) != std::string::npos;) {
    at = page.find(comma, at) + comma.size();
    pictures.push_back(decode_base64(page.substr(at, page.find('"', at) - at)));
  }
  std::vector<std::string> wanted;
  for (const RunSummary& r : runs)
    for (const std::string& file :
         {r.directory + "/losses.png", r.directory + "/training.gif", r.final_grid})
      wanted.push_back(read_file(file));
  EXPECT_EQ(pictures, wanted);
  for (const char* elsewhere : {"http:", "https:", "src=\"/", "href", "<script", "url("})
    EXPECT_EQ(page.find(elsewhere), std::string::npos) << elsewhere;
}

TEST_F(Comparison, ShowsParametersTimesLossesAndSettings) {
  write_comparison_page(folder.path("page.html"), {run("A", 1), run("B", 2)},
                        {{"Backend", "cpu & more"}});
  const std::string page = read_file(folder.path("page.html"));
  for (const char* part : {"903008 (+12736 moving)", "55233", "15.5", "0.7500", "1.0625", "seed",
                           "&lt;&quot;a&quot; &amp; b&gt;", "cpu &amp; more"})
    EXPECT_NE(page.find(part), std::string::npos) << part;
  EXPECT_EQ(page.find("<\"a\""), std::string::npos);
}

TEST_F(Comparison, ShowsNanWithoutASign) {
  RunSummary a = run("A", 1);
  a.epochs.back().means[0] = -std::numeric_limits<double>::quiet_NaN();
  write_comparison_page(folder.path("page.html"), {a, a}, {});
  const std::string page = read_file(folder.path("page.html"));
  EXPECT_NE(page.find("<td>nan</td>"), std::string::npos);
  EXPECT_EQ(page.find("-nan"), std::string::npos);
}

TEST_F(Comparison, MarksTheSettingsThatDiffer) {
  RunSummary a = run("A", 1), b = run("B", 2);
  b.settings[0].second = "7";
  write_comparison_page(folder.path("page.html"), {a, b}, {});
  const std::string page = read_file(folder.path("page.html"));
  EXPECT_NE(page.find("<tr class=\"differs\"><th>seed</th>"), std::string::npos);
  EXPECT_NE(page.find("<tr><th>data</th>"), std::string::npos);
}

TEST_F(Comparison, AMissingPictureIsNamedAndNoPageWritten) {
  const RunSummary a = run("A", 1);
  fs::remove(a.directory + "/training.gif");
  try {
    write_comparison_page(folder.path("page.html"), {a, a}, {});
    ADD_FAILURE() << "was written";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("training.gif"), std::string::npos);
  }
  EXPECT_FALSE(fs::exists(folder.path("page.html")));
}

}  // namespace
}  // namespace dcgan::test
