// relreason/data/blocks_pictures.hpp -- writes the pictures of a split as CLEVR's files: images/{split}/CLEVR_{split}_000000.png, RGBA.
// images/CLEVR_{split}_images.txt says what they are pictures of and how many lie safely on the disk, so that a stopped run goes on from there.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/data/atomic_file.hpp"
#include "relreason/data/blocks_render.hpp"
#include "relreason/data/blocks_scenes.hpp"
#include "relreason/data/blocks_stage.hpp"
#include "relreason/data/png.hpp"

namespace relreason::blocks {

inline std::string images_folder(const std::string& folder, const std::string& split) { return folder + "/images/" + split; }
inline std::string images_record(const std::string& folder, const std::string& split) { return folder + "/images/CLEVR_" + split + "_images.txt"; }

namespace detail {

// Pictures that differ in none of this are the same, and need not be made again.
inline std::string describe_pictures(const options& o, const picture_options& p) {
  const auto text = [](auto v) { return std::to_string(v); };
  return "relreason blocks world, pictures, version 1\nseed " + text(o.seed) + ", split " + o.split + ", objects " + text(o.min_objects) + " to " +
         text(o.max_objects) + ", cogent " + text(static_cast<int>(o.variant)) + "\n" + text(p.width) + " x " + text(p.height) + " x " +
         text(p.channels) + " pixels, aspect " + text(p.aspect) + ", " + text(p.edge_samples) + " rays at edges\ndone ";
}

// How many pictures of this description are done; 0 where the record is missing, or tells of others.
inline int pictures_done(const std::string& record, const std::string& description) {
  std::ifstream in(record, std::ios::binary);
  constexpr std::size_t most = 1000;
  std::string text(most, '\0');
  in.read(text.data(), static_cast<std::streamsize>(most));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  int done = 0;
  if (text.compare(0, description.size(), description) != 0) return 0;
  if (std::sscanf(text.c_str() + description.size(), "%8d", &done) != 1 || done < 0) return 0;
  return done;
}

inline void record_done(const std::string& record, const std::string& description, int done) {
  atomic_file out(record);
  out.write(description + std::to_string(done) + "\n");
  out.commit();
}

[[noreturn]] inline void cannot(const char* what, const std::string& path, int code) {
  fail("blocks::write_images: cannot ", what, " ", path, ": ", std::strerror(code), "; ", relreason::detail::advice(code));
}

// A reader sees the whole picture or none. Nothing is flushed here: flush_disk() does it for many at once.
inline void put_picture(const std::string& path, std::span<const std::byte> bytes) {
  const relreason::detail::hold_file_size_signal hold;
  const std::string partial = path + ".partial";
  const int file = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (file < 0) cannot("create", partial, errno);
  int code = 0;
  while (!bytes.empty() && code == 0) {
    const auto n = ::write(file, bytes.data(), bytes.size());
    if (n < 0 && errno != EINTR) code = errno;
    if (n > 0) bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  if (::close(file) != 0 && code == 0) code = errno;
  if (code == 0 && std::rename(partial.c_str(), path.c_str()) != 0) code = errno;
  if (code == 0) return;
  ::unlink(partial.c_str());
  cannot("write", path, code);
}

// All that was written to the folder's file system is on the disk when this returns.
inline void flush_disk(const std::string& folder) {
  const int at = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (at < 0) cannot("open", folder, errno);
#if defined(__linux__)
  const int code = ::syncfs(at) == 0 ? 0 : errno;
#else
  ::sync();
  const int code = 0;
#endif
  ::close(at);
  if (code != 0) cannot("flush", folder, code);
}

}  // namespace detail

// Makes the pictures of all scenes of a split; those that an earlier call with the same options made are kept. progress(done) is called now and
// then. Returns how many were made. One caller per split and folder at a time.
inline int write_images(const options& o, const picture_options& pictures, executor& e, const std::string& folder,
                        const std::function<void(int)>& progress = {}) {
  check(o);
  check(pictures);
  const std::string to = images_folder(folder, o.split), record = images_record(folder, o.split);
  std::error_code problem;
  std::filesystem::create_directories(to, problem);
  if (problem) fail("blocks::write_images: cannot create the folder ", to, ": ", problem.message(), "; choose a folder that you may write to");
  const std::string description = detail::describe_pictures(o, pictures);
  const int before = detail::pictures_done(record, description);
  std::vector<int> wanted;
  for (int i = 0; i < o.n_scenes; ++i)
    if (i >= before || !std::filesystem::exists(to + "/" + image_filename(o.split, i))) wanted.push_back(i);
  // From here on the folder may hold a mixture with older pictures: the record must not vouch for those.
  if (!wanted.empty()) detail::record_done(record, description, std::min(before, wanted.front()));
  constexpr int at_once = 256;
  const int n = static_cast<int>(wanted.size());
  for (int first = 0; first < n; first += at_once) {
    const int count = std::min(at_once, n - first);
    failure kept;
    e.parallel_for(count, [&](int k) {
      kept.guard([&] {
        const int index = wanted[static_cast<std::size_t>(first + k)];
        const image picture = render(make_stage(o, index), pictures);
        detail::put_picture(to + "/" + image_filename(o.split, index), png::encode(picture, {.fast = true}));
      });
    });
    kept.rethrow();
    detail::flush_disk(to);
    const int last = wanted[static_cast<std::size_t>(first + count - 1)] + 1;
    detail::record_done(record, description, std::max(first + count == n ? before : 0, last));
    if (progress) progress(last);
  }
  return n;
}

}  // namespace relreason::blocks
