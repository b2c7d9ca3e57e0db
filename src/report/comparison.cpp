// One HTML file with everything in it: two runs in two columns.
#include "report/comparison.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "io/atomic_file.h"
#include "report/html.h"

namespace dcgan {
namespace {

std::string base64(const std::string& bytes) {
  static const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k)
      out += i + k <= bytes.size() ? digits[group >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

std::string picture(const std::string& path, const std::string& type, const std::string& alt) {
  return "<img alt=\"" + escaped(alt) + "\" src=\"data:image/" + type + ";base64," +
         base64(read_file(path)) + "\">";
}

std::string decimal(double value, int digits) {
  return std::isnan(value) ? "nan" : formatted("%.*f", digits, value);  // never "-nan"
}

double mean_seconds(const std::vector<EpochRecord>& epochs) {
  double sum = 0;
  for (const EpochRecord& e : epochs) sum += e.seconds;
  return epochs.empty() ? 0 : sum / static_cast<double>(epochs.size());
}

/// A row with one cell per run; marked where the cells differ.
template <class Cell>
std::string row(const std::vector<RunSummary>& runs, const std::string& head, Cell cell) {
  std::string cells;
  bool differ = false;
  for (const RunSummary& run : runs) {
    cells += "<td>" + escaped(cell(run)) + "</td>";
    differ = differ || cell(run) != cell(runs.front());
  }
  return std::string(differ ? "<tr class=\"differs\">" : "<tr>") + "<th>" + escaped(head) +
         "</th>" + cells + "</tr>\n";
}

std::string heads(const std::vector<RunSummary>& runs) {
  std::string out = "<tr><th></th>";
  for (const RunSummary& run : runs) out += "<th>" + escaped(run.title) + "</th>";
  return out + "</tr>\n";
}

/// Of the run's network of that name.
std::string parameters_text(const RunSummary& run, const std::string& network) {
  for (const NetworkInfo& n : run.networks)
    if (n.name == network)
      return std::to_string(n.parameters) +
             (n.moving_statistics ? " (+" + std::to_string(n.moving_statistics) + " moving)" : "");
  return "-";
}

std::string summary_table(const std::vector<RunSummary>& runs) {
  std::string t = "<table>\n" + heads(runs);
  t += row(runs, "Generator parameters",
           [](const RunSummary& r) { return parameters_text(r, "generator"); });
  t += row(runs, "Discriminator parameters",
           [](const RunSummary& r) { return parameters_text(r, "discriminator"); });
  t += row(runs, "Epochs", [](const RunSummary& r) { return std::to_string(r.epochs.size()); });
  t += row(runs, "Seconds per epoch",
           [](const RunSummary& r) { return decimal(mean_seconds(r.epochs), 1); });
  const auto last = [](const RunSummary& r, std::size_t measure) {
    return r.epochs.empty() ? std::string("-") : decimal(r.epochs.back().means[measure], 4);
  };
  t += row(runs, "Generator loss, last epoch", [&](const RunSummary& r) { return last(r, 0); });
  t += row(runs, "Discriminator loss, last epoch", [&](const RunSummary& r) { return last(r, 1); });
  const auto nearest = [](const RunSummary& r) -> std::string {
    std::optional<double> least;
    for (const EpochRecord& e : r.epochs)
      if (e.frechet_distance && !(least && *least <= *e.frechet_distance))
        least = e.frechet_distance;
    return least ? decimal(*least, 2) : "-";
  };
  if (std::any_of(runs.begin(), runs.end(), [&](const RunSummary& r) { return nearest(r) != "-"; }))
    t += row(runs, "Least Frechet distance to the test images", nearest);
  return t + "</table>\n";
}

std::string epochs_table(const RunSummary& run) {
  std::string t =
      "<details><summary>Epochs</summary><table>\n<tr><th>Epoch</th><th>Loss G</th>"
      "<th>Loss D</th><th>Seconds</th></tr>\n";
  for (const EpochRecord& e : run.epochs)
    t += "<tr><td>" + std::to_string(e.epoch) + "</td><td>" + decimal(e.means[0], 4) + "</td><td>" +
         decimal(e.means[1], 4) + "</td><td>" + decimal(e.seconds, 1) + "</td></tr>\n";
  return t + "</table></details>\n";
}

std::string settings_table(const std::vector<RunSummary>& runs) {
  std::string t = "<table>\n" + heads(runs);
  for (const auto& setting : runs.front().settings)
    t += row(runs, setting.first, [&](const RunSummary& run) -> std::string {
      for (const auto& [name, value] : run.settings)
        if (name == setting.first) return value;
      return "-";
    });
  return t + "</table>\n";
}

constexpr const char* comparison_style = R"(
.runs { display: grid; grid-template-columns: repeat(auto-fit, minmax(360px, 1fr)); gap: 2em; }
.runs img { max-width: 100%; height: auto; display: block; margin: .5em 0 1em; }
table { border-collapse: collapse; margin: 1em 0; }
th, td { text-align: left; padding: .2em 1em .2em 0; border-bottom: 1px solid #8884; font-weight: normal; }
td { font-variant-numeric: tabular-nums; }
tr.differs td { font-weight: 600; }
)";

}  // namespace

void write_comparison_page(const std::string& path, const std::vector<RunSummary>& runs,
                           const std::vector<std::pair<std::string, std::string>>& context) {
  std::string title;
  for (const RunSummary& run : runs) title += (title.empty() ? "" : " and ") + run.title;
  std::string page = "<p>";
  for (const auto& [name, value] : context)
    page += escaped(name) + ": " + escaped(value) + "<br>\n";
  page += "</p>\n" + summary_table(runs) + "<div class=\"runs\">\n";
  for (const RunSummary& run : runs)
    page += "<section>\n<h2>" + escaped(run.title) + "</h2>\n<h3>Loss</h3>\n" +
            picture(run.directory + "/losses.png", "png", run.title + ": mean loss per epoch") +
            "<h3>Samples, epoch by epoch</h3>\n" +
            picture(run.directory + "/training.gif", "gif", run.title + ": samples per epoch") +
            "<h3>Samples after the last epoch</h3>\n" +
            picture(run.final_grid, "png", run.title + ": samples after the last epoch") +
            epochs_table(run) + "</section>\n";
  page += "</div>\n<h2>Settings</h2>\n" + settings_table(runs);
  write_file_atomically(path, html_page(title, comparison_style, page));
}

}  // namespace dcgan
