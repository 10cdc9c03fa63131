// relreason/train/shares.hpp -- the accuracies of a run in a small file beside it, so that another run's report can stand them beside its own.
// A line is "all", "type" or "class", a name, how many were right, and of how many, with tabs between; the classes add up to the first line.
#pragma once

#include <charconv>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "relreason/core/error.hpp"
#include "relreason/data/atomic_file.hpp"
#include "relreason/data/mapped_file.hpp"
#include "relreason/metric/accuracy.hpp"
#include "relreason/report/json_writer.hpp"

namespace relreason {

using accuracy_shares = std::map<std::pair<std::string, std::string>, metric::tally>;  // by kind and name

// The counts that a report shows: all questions, by type and by answer class.
inline accuracy_shares shares_of(const metric::accuracy& a) {
  accuracy_shares out{{{"all", "all"}, a.overall()}};
  for (std::size_t i = 0; i < a.scheme().types.size(); ++i) out[{"type", a.scheme().types[i]}] = a.by_type(static_cast<int>(i));
  for (std::size_t i = 0; i < a.scheme().classes.size(); ++i) out[{"class", a.scheme().classes[i]}] = a.by_class(static_cast<int>(i));
  return out;
}

// Writes the file whole or not at all.
inline void save_shares(const accuracy_shares& shares, const std::string& path) {
  std::string text;
  for (const auto& [key, t] : shares) {
    if (key.second.find_first_of("\t\n") != std::string::npos)
      fail("save_shares: the name ", report::json_text(key.second), " holds a tab or the end of a line; choose another");
    text += key.first + "\t" + key.second + "\t" + std::to_string(t.right) + "\t" + std::to_string(t.total) + "\n";
  }
  atomic_file file(path);
  file.write(text);
  file.commit();
}

// The counts of such a file; a line of another form, or sums that do not fit, are an error.
inline accuracy_shares read_shares(const std::string& path) {
  constexpr std::size_t most_bytes = 1 << 20;
  const mapped_file file(path, "read_shares");
  std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  if (text.size() > most_bytes) fail("read_shares: ", path, " has ", text.size(), " bytes; wanted at most ", most_bytes);
  accuracy_shares out;
  metric::tally classes;
  for (int number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    const auto refuse = [&](const char* why) {
      fail("read_shares: ", path, " line ", number, " is ", report::json_text(line.substr(0, 60)), ": ", why,
           "; wanted kind, name, right and total with tabs between; make the file again by finishing that run");
    };
    if (line.size() == text.size()) refuse("the file is cut off here");
    text.remove_prefix(line.size() + 1);
    const auto first = line.find('\t'), second = line.find('\t', std::min(first, line.size() - 1) + 1);
    if (first == line.npos || second == line.npos) refuse("tabs are missing");
    metric::tally t;
    const char* const end = line.data() + line.size();
    const auto right = std::from_chars(line.data() + second + 1, end, t.right);
    if (right.ec != std::errc{} || right.ptr == end || *right.ptr != '\t') refuse("no two whole numbers");
    const auto total = std::from_chars(right.ptr + 1, end, t.total);
    if (total.ec != std::errc{} || total.ptr != end) refuse("no two whole numbers");
    constexpr std::int64_t most = std::int64_t{1} << 40;
    if (t.right < 0 || t.right > t.total || t.total > most) refuse("so many of so many cannot be");
    const std::string kind(line.substr(0, first)), name(line.substr(first + 1, second - first - 1));
    if (kind != "all" && kind != "type" && kind != "class") refuse("of no kind that is known");
    if (!out.try_emplace({kind, name}, t).second) refuse("it stands there twice");
    if (kind == "class") classes += t;
  }
  const auto all = out.find({"all", "all"});
  if (all == out.end() || all->second.right != classes.right || all->second.total != classes.total)
    fail("read_shares: ", path, ": its classes add up to ", classes.right, " of ", classes.total,
         " questions, its line \"all\" is missing or says otherwise; make the file again by finishing that run");
  return out;
}

}  // namespace relreason
