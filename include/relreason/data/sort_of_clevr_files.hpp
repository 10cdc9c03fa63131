// relreason/data/sort_of_clevr_files.hpp -- Sort-of-CLEVR for other programs: PNG files, and a JSON line for each question.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "relreason/data/atomic_file.hpp"
#include "relreason/data/png.hpp"
#include "relreason/data/sort_of_clevr_kinds.hpp"
#include "relreason/report/json_writer.hpp"

namespace relreason::sort_of_clevr {

namespace detail {

inline void write_part(const std::vector<example>& part, const std::string& split, const kind_list& kinds, const std::string& folder) {
  atomic_file out(folder + "/" + split + ".jsonl");
  for (std::size_t i = 0; i < part.size(); ++i) {
    const std::string picture = split + "_" + std::to_string(i) + ".png";
    png::write(folder + "/" + picture, part[i].picture.view());
    for (const question& q : part[i].questions) {
      if (!holds(kinds, q.what)) continue;
      report::json_writer line;
      line.begin_object().member("image", picture).member("kind", kind_names[static_cast<std::size_t>(q.what)]);
      line.member("question", text_of(q)).member("answer", answers[q.answer]);
      out.write(line.end_object().text() + "\n");
    }
  }
  out.commit();
}

}  // namespace detail

// test_0.png, ..., test.jsonl and train_0.png, ..., train.jsonl: {"image", "kind", "question", "answer"} for each question of the kinds.
// Older files of these names are replaced; each stands as a whole, the lists after their pictures.
inline void write_files(const data_set& d, const kind_list& kinds, const std::string& folder) {
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (problem) fail("sort_of_clevr::write_files: cannot create the folder ", folder, ": ", problem.message(), "; choose one that you may write to");
  detail::write_part(d.test, "test", kinds, folder);
  detail::write_part(d.train, "train", kinds, folder);
}

}  // namespace relreason::sort_of_clevr
