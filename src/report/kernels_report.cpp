#include "report/kernels_report.h"

#include <algorithm>

#include "io/atomic_file.h"
#include "report/html.h"

namespace dcgan {
namespace {

using Json = nlohmann::ordered_json;

double number(const Json& object, const char* key) {
  return object.contains(key) ? object.at(key).get<double>() : 0.0;
}

std::string word(const Json& object, const char* key) { return object.at(key).get<std::string>(); }

/// Totals over all lines of one kernel.
struct Totals {
  double load_bytes = 0, store_bytes = 0;  // global, as the lanes ask
  double sectors = 0, ideal_sectors = 0, wavefronts = 0, ideal_wavefronts = 0;
};

Totals totals_of(const Json& kernel) {
  Totals t;
  for (const Json& line : kernel.at("lines")) {
    if (word(line, "space") == "global")
      (word(line, "access") == "load" ? t.load_bytes : t.store_bytes) += number(line, "bytes");
    t.sectors += number(line, "sectors");
    t.ideal_sectors += number(line, "ideal_sectors");
    t.wavefronts += number(line, "wavefronts");
    t.ideal_wavefronts += number(line, "ideal_wavefronts");
  }
  return t;
}

bool is_sampled(const Json& kernel) {
  return number(kernel, "sampled_blocks") < number(kernel, "blocks");
}

std::string dimensions(const Json& d) {
  std::string text;
  for (const Json& n : d) text += (text.empty() ? "" : "x") + std::to_string(n.get<unsigned>());
  return text;
}

/// "196 blocks, 8 sampled, of 128x1x1 threads"
std::string launch_text(const Json& k) {
  return formatted(
      "%.0f blocks%s of %s threads", number(k, "blocks"),
      is_sampled(k) ? formatted(", %.0f sampled and scaled,", number(k, "sampled_blocks")).c_str()
                    : "",
      dimensions(k.at("block")).c_str());
}

std::string totals_text(const Totals& t) {
  std::string text =
      formatted("loads %.2f MB, stores %.2f MB, sectors %.2f MB (ideal %.2f)", t.load_bytes * 1e-6,
                t.store_bytes * 1e-6, t.sectors * 32e-6, t.ideal_sectors * 32e-6);
  if (t.wavefronts > 0)
    text += formatted(", shared passes %.2f M (%.2f without conflicts)", t.wavefronts * 1e-6,
                      t.ideal_wavefronts * 1e-6);
  return text;
}

/// The cells of a line: access, requests, lanes, cost and ideal per request, ways, MB.
std::vector<std::string> cells(const Json& line) {
  const bool global = word(line, "space") == "global";
  const double requests = number(line, "requests");
  const char* cost = global ? "sectors" : "wavefronts";
  const char* ideal = global ? "ideal_sectors" : "ideal_wavefronts";
  return {word(line, "access") + " " + word(line, "space") + " " +
              formatted("%.0f", number(line, "width_bytes") * 8),
          formatted("%.0f", requests),
          formatted("%.1f", number(line, "lanes") / requests),
          formatted("%.2f", number(line, cost) / requests),
          formatted("%.2f", number(line, ideal) / requests),
          global ? "" : formatted("%.0f", number(line, "ways")),
          formatted("%.2f", number(line, "bytes") * 1e-6)};
}

constexpr const char* kernels_style = R"(
table { border-collapse: collapse; margin: .5em 0 1em; font-size: 14px; }
th, td { text-align: right; padding: .1em .8em .1em 0; border-bottom: 1px solid #8884; font-weight: normal; }
th:first-child, td:first-child, th:nth-child(2), td:nth-child(2) { text-align: left; }
td { font-variant-numeric: tabular-nums; }
tr.poor td { font-weight: 600; }
svg { width: 100%; height: auto; font: 12px system-ui, sans-serif; }
svg text { fill: currentColor; }
.ideal { fill: #4477aa; } .rest { fill: #ee6677; }
summary { cursor: pointer; }
)";

struct Bar {
  std::string label;
  double ideal, actual;
};

/// One bar per kernel; the part that is the ideal has its own colour.
std::string bars(const std::vector<Bar>& all, const char* unit, double scale) {
  constexpr double row = 18, text_width = 600, plot_width = 520;
  double most = 0;
  for (const Bar& bar : all) most = std::max(most, bar.actual);
  std::string svg = formatted("<svg viewBox=\"0 0 1220 %.0f\" role=\"img\">\n",
                              row * static_cast<double>(all.size()) + 4);
  double y = 2;
  for (const Bar& bar : all) {
    const double ideal = most > 0 ? bar.ideal / most * plot_width : 0;
    const double actual = most > 0 ? bar.actual / most * plot_width : 0;
    svg += formatted("<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"end\">", text_width, y + 13) +
           escaped(bar.label) + "</text>";
    svg += formatted("<rect class=\"ideal\" x=\"%.0f\" y=\"%.0f\" width=\"%.1f\" height=\"14\"/>",
                     text_width + 8, y + 2, std::min(ideal, actual));
    if (actual > ideal)
      svg += formatted("<rect class=\"rest\" x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" height=\"14\"/>",
                       text_width + 8 + ideal, y + 2, actual - ideal);
    svg += formatted("<text x=\"%.1f\" y=\"%.0f\">%.2f %s</text>\n", text_width + 14 + actual,
                     y + 13, bar.actual * scale, unit);
    y += row;
  }
  return svg + "</svg>\n";
}

std::string lines_table(const Json& kernel) {
  std::string html =
      "<table>\n<tr><th>Line</th><th>Access, bits</th><th>Requests</th><th>Lanes</th>"
      "<th>Sectors or passes per request</th><th>Ideal</th><th>Ways</th><th>MB</th></tr>\n";
  for (const Json& line : kernel.at("lines")) {
    const std::vector<std::string> c = cells(line);
    const bool poor = std::stod(c[3]) > 1.25 * std::stod(c[4]);
    html += (poor ? "<tr class=\"poor\"><td>" : "<tr><td>") + escaped(word(line, "line")) + "</td>";
    for (const std::string& cell : c) html += "<td>" + escaped(cell) + "</td>";
    html += "</tr>\n";
  }
  return html + "</table>\n";
}

}  // namespace

std::string kernels_table(const Json& profile) {
  std::string text;
  for (const Json& op : profile.at("ops")) {
    text += word(op, "label") + formatted(": %.1f MFLOP\n", number(op, "flops") * 1e-6);
    for (const Json& kernel : op.at("kernels")) {
      text += "  " + word(kernel, "name") + ": " + launch_text(kernel) + "\n    " +
              totals_text(totals_of(kernel)) + "\n";
      text += formatted("    %-18s %12s %6s %8s %7s %5s %9s  line\n", "access, bits", "requests",
                        "lanes", "per req.", "ideal", "ways", "MB");
      for (const Json& line : kernel.at("lines")) {
        const std::vector<std::string> c = cells(line);
        text += formatted("    %-18s %12s %6s %8s %7s %5s %9s  ", c[0].c_str(), c[1].c_str(),
                          c[2].c_str(), c[3].c_str(), c[4].c_str(), c[5].c_str(), c[6].c_str()) +
                word(line, "line") + "\n";
      }
    }
  }
  return text;
}

void write_kernels_page(const std::string& path, const Json& profile) {
  const std::string title = "Kernels of a training step: " + word(profile, "preset") +
                            formatted(", batch %.0f", number(profile, "batch_size"));
  std::vector<Bar> sectors, passes;
  std::string details;
  for (const Json& op : profile.at("ops"))
    for (const Json& kernel : op.at("kernels")) {
      const Totals t = totals_of(kernel);
      const std::string name = word(op, "label") + ": " + word(kernel, "name");
      if (t.sectors > 0) sectors.push_back({name, t.ideal_sectors, t.sectors});
      if (t.wavefronts > 0) passes.push_back({name, t.ideal_wavefronts, t.wavefronts});
      details += "<details><summary>" + escaped(name) + "</summary>\n<p>" +
                 escaped(launch_text(kernel)) +
                 formatted("; the op: %.1f MFLOP", number(op, "flops") * 1e-6) + "<br>\n" +
                 escaped(totals_text(t)) + "</p>\n" + lines_table(kernel) + "</details>\n";
    }
  const std::string body =
      "<p>Counted by the SIMT machine's profile mode; no GPU was timed. Of each launch at "
      "most " +
      formatted("%.0f", number(profile, "most_blocks")) +
      " blocks ran; where that is not all of them, counts are scaled to the whole launch. "
      "FLOPs are those of the ops' formulas.</p>\n"
      "<h2>Global memory: 32-byte sectors</h2>\n<p>All that the warps' requests touch, in MB; "
      "blue: "
      "what the distinct bytes of each request would fill.</p>\n" +
      bars(sectors, "MB", 32e-6) +
      "<h2>Shared memory: passes over the banks</h2>\n<p>In millions; blue: without "
      "conflicts.</p>\n" +
      bars(passes, "M", 1e-6) + "<h2>Line by line</h2>\n<p>Bold: a quarter above the ideal.</p>\n" +
      details;
  write_file_atomically(path, html_page(title, kernels_style, body));
}

}  // namespace dcgan
