// relreason/report/report_model.hpp -- the drawing of a model: its lines as boxes in layers, each to the right of what it reads.
// Source: layers and barycenters as in Sugiyama, Tagawa, Toda, "Methods for Visual Understanding of Hierarchical System Structures", 1981.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "relreason/report/report_data.hpp"
#include "relreason/report/report_text.hpp"

namespace relreason::report::detail {

// A box, or a bend of an edge that passes through a layer (line < 0).
struct model_node {
  int line = -1, layer = 0;
  double y = 0, height = 0;
  std::vector<int> reads;  // nodes one layer to the left
};

inline constexpr double layer_width = 214, box_width = 174, box_height = 66, bend_height = 16, box_gap = 22;

// The layer of a line is one more than the highest it reads; an input stands just left of its first reader.
inline std::vector<int> layers_of(const std::vector<model_line>& lines, const std::map<std::string, int>& index) {
  std::vector<int> layer(lines.size(), 0);
  const auto known = [&](const std::string& name, std::size_t reader) {  // earlier lines only
    const auto found = index.find(name);
    return found != index.end() && found->second < static_cast<int>(reader) ? found->second : -1;
  };
  for (std::size_t i = 0; i < lines.size(); ++i)
    for (const auto& name : lines[i].reads)
      if (const int r = known(name, i); r >= 0) layer[i] = std::max(layer[i], layer[static_cast<std::size_t>(r)] + 1);
  for (std::size_t k = 0; k < lines.size(); ++k) {
    if (!lines[k].reads.empty()) continue;
    int first = -1;
    for (std::size_t i = k + 1; i < lines.size(); ++i)
      for (const auto& name : lines[i].reads)
        if (known(name, i) == static_cast<int>(k)) first = first < 0 ? layer[i] : std::min(first, layer[i]);
    if (first > 0) layer[k] = first - 1;
  }
  return layer;
}

inline std::vector<model_node> nodes_of(const std::vector<model_line>& lines) {
  std::map<std::string, int> index;
  std::vector<model_node> nodes;
  for (std::size_t i = 0; i < lines.size(); ++i) index.emplace(lines[i].name, static_cast<int>(i));
  const auto layer = layers_of(lines, index);
  for (std::size_t i = 0; i < lines.size(); ++i) nodes.push_back({static_cast<int>(i), layer[i], 0, box_height, {}});
  for (std::size_t i = 0; i < lines.size(); ++i)
    for (const auto& name : lines[i].reads) {
      const auto found = index.find(name);
      if (found == index.end() || found->second >= static_cast<int>(i)) continue;
      int from = found->second;
      for (int l = layer[static_cast<std::size_t>(from)] + 1; l < layer[i]; ++l) {
        nodes.push_back({-1, l, 0, bend_height, {from}});
        from = static_cast<int>(nodes.size()) - 1;
      }
      auto& reads = nodes[i].reads;
      if (std::find(reads.begin(), reads.end(), from) == reads.end()) reads.push_back(from);
    }
  return nodes;
}

// Stacks every layer around y = 0, ordered by the mean height of its neighbors: once by what is read, once by the readers, once more by what is read.
inline void place_nodes(std::vector<model_node>& nodes, int n_layers) {
  std::vector<std::vector<int>> layers(static_cast<std::size_t>(n_layers)), readers(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    layers[static_cast<std::size_t>(nodes[i].layer)].push_back(static_cast<int>(i));
    for (const int r : nodes[i].reads) readers[static_cast<std::size_t>(r)].push_back(static_cast<int>(i));
  }
  const auto stack = [&](std::vector<int>& layer) {
    double sum = -box_gap;
    for (const int i : layer) sum += nodes[static_cast<std::size_t>(i)].height + box_gap;
    double y = -sum / 2;
    for (const int i : layer) {
      auto& node = nodes[static_cast<std::size_t>(i)];
      node.y = y + node.height / 2;
      y += node.height + box_gap;
    }
  };
  const auto order = [&](std::vector<int>& layer, bool by_reads) {
    std::map<int, double> mean;
    for (const int i : layer) {
      const auto& neighbors = by_reads ? nodes[static_cast<std::size_t>(i)].reads : readers[static_cast<std::size_t>(i)];
      double sum = 0;
      for (const int r : neighbors) sum += nodes[static_cast<std::size_t>(r)].y;
      mean[i] = neighbors.empty() ? nodes[static_cast<std::size_t>(i)].y : sum / static_cast<double>(neighbors.size());
    }
    std::stable_sort(layer.begin(), layer.end(), [&](int a, int b) { return mean[a] < mean[b]; });
    stack(layer);
  };
  for (auto& layer : layers) stack(layer);
  for (auto& layer : layers) order(layer, true);
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) order(*layer, false);
  for (auto& layer : layers) order(layer, true);
}

// At most n characters, the last of them "…" where text is left out; never cuts a UTF-8 sequence.
inline std::string shortened(const std::string& text, std::size_t n) {
  std::size_t at = 0, characters = 0;
  for (; at < text.size(); ++at)
    if ((static_cast<unsigned char>(text[at]) & 0xC0) != 0x80 && ++characters == n) break;
  if (at >= text.size()) return text;
  std::size_t next = at + 1;
  while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xC0) == 0x80) ++next;
  return next >= text.size() ? text : text.substr(0, at) + "\xE2\x80\xA6";
}

inline std::string box_svg(const model_line& l, double x, double y) {
  std::string full = l.name + " = " + l.operation + (l.reads.empty() ? "" : " of");
  for (const auto& r : l.reads) full += " " + r;
  const std::string size = l.width > 0 ? l.space + " \xC3\x97 " + std::to_string(l.width) : l.space;
  return "<g class=\"" + html(l.kind) + "\"><title>" + html(full) + "</title>" +
         format("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.0f\" height=\"%.0f\" rx=\"7\"/>", x, y - box_height / 2, box_width, box_height) +
         format("<text class=\"name\" x=\"%.1f\" y=\"%.1f\">", x + 12, y - 14) + html(shortened(l.name, 20)) + "</text>" +
         format("<text x=\"%.1f\" y=\"%.1f\">", x + 12, y + 4) + html(shortened(l.operation, 22)) + "</text>" +
         format("<text class=\"dim\" x=\"%.1f\" y=\"%.1f\">", x + 12, y + 22) + html(shortened(size, 24)) + "</text></g>";
}

inline std::string model_svg(const std::vector<model_line>& lines) {
  auto nodes = nodes_of(lines);
  int n_layers = 1;
  for (const auto& n : nodes) n_layers = std::max(n_layers, n.layer + 1);
  place_nodes(nodes, n_layers);
  double low = 0, high = 0;
  for (const auto& n : nodes) low = std::min(low, n.y - n.height / 2), high = std::max(high, n.y + n.height / 2);
  const double width = (n_layers - 1) * layer_width + box_width + 4, height = high - low + 4;
  std::string edges, boxes;
  for (const auto& n : nodes) {
    const double x = n.layer * layer_width + 2, y = n.y - low + 2;
    for (const int r : n.reads) {
      const auto& from = nodes[static_cast<std::size_t>(r)];
      const double x0 = from.layer * layer_width + 2 + box_width, y0 = from.y - low + 2, middle = (x0 + x) / 2;
      edges += format("<path d=\"M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f", x0, y0, middle, y0, middle, y, x, y);
      edges += n.line < 0 ? format("H%.1f\"/>", x + box_width) : std::string("\" marker-end=\"url(#arrow)\"/>");
    }
    if (n.line >= 0) boxes += box_svg(lines[static_cast<std::size_t>(n.line)], x, y);
  }
  return format("<svg class=\"graph\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" ", width, height, width, height) +
         "aria-label=\"Drawing of the model; the table below says the same\"><defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" "
         "markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"/></marker></defs>" +
         edges + boxes + "</svg>";
}

}  // namespace relreason::report::detail
