// relreason/data/scene_pictures.hpp -- the pictures of a dataset's scenes, by the scene's number, from a packed cache file that is built on demand.
// Scenes of CLEVR's files have pictures in DIR/images/{split}; scenes of the blocks world are rendered into the cache directly.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "relreason/core/philox.hpp"
#include "relreason/data/blocks_pictures.hpp"
#include "relreason/data/blocks_render.hpp"
#include "relreason/data/clevr.hpp"
#include "relreason/data/image_cache_build.hpp"
#include "relreason/data/picture_list.hpp"

namespace relreason {

inline picture_list pictures_of(image_cache cache) {
  const auto kept = std::make_shared<const image_cache>(std::move(cache));
  return {(*kept)[0], kept->size(), kept};
}

namespace clevr {

inline std::vector<std::string> picture_names(const std::vector<scene>& scenes, const std::string& who) {
  std::vector<std::string> names;
  for (const scene& s : scenes) {
    if (s.image_filename.empty()) fail(who, "scene ", s.image_index, " has no image_filename, wanted the name of its picture");
    names.push_back(s.image_filename);
  }
  return names;
}

// Resized to width x height of `options`. `from`: the file of the scenes, for messages.
inline picture_list pictures_of_files(const std::vector<scene>& scenes, const std::string& folder, const std::string& cache, executor& threads,
                                      const image_cache_options& options = {}, const std::string& from = "") {
  const auto files = image_collection::of_names(folder, picture_names(scenes, in_file(from)));
  return relreason::pictures_of(build_image_cache(cache, files, threads, options));
}

}  // namespace clevr

namespace blocks {

// The scenes 0 to n_scenes - 1 of `o`, rendered at width x height of `options`: what write_images() would write at this size.
inline picture_list pictures_of_world(const relreason::blocks::options& o, const std::string& cache, executor& threads,
                                      const image_cache_options& options = {}) {
  check(o);
  picture_options size;
  size.width = options.width;
  size.height = options.height;
  size.channels = options.reading.channels;
  check(size);
  std::vector<std::string> names;
  for (int i = 0; i < o.n_scenes; ++i) names.push_back(image_filename(o.split, i));
  const std::uint64_t identity = stream_of(detail::describe_pictures(o, size).c_str());
  const auto rendered = image_collection::of_made("the blocks world, " + o.split, std::move(names), identity,
                                                  [&](std::size_t i) { return render(make_stage(o, static_cast<int>(i)), size); });
  return relreason::pictures_of(build_image_cache(cache, rendered, threads, options));
}

}  // namespace blocks

}  // namespace relreason
