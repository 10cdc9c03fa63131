// relreason/data/picture_list.hpp -- pictures of one size by number, side by side in memory or in a mapped file: what batches are cut from.
// data/scene_pictures.hpp makes the list of a dataset's scenes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/data/image.hpp"

namespace relreason {

// Copies share the pixels. Any number of threads may read.
class picture_list {
 public:
  picture_list() = default;
  // n pictures like `first`, one after the other in memory that `owner` keeps.
  picture_list(image_view first, std::size_t n, std::shared_ptr<const void> owner) : first_(first), size_(n), owner_(std::move(owner)) {}
  explicit picture_list(const std::vector<image>& pictures) : size_(pictures.size()) {
    if (pictures.empty()) return;
    auto all = std::make_shared<std::vector<std::uint8_t>>();
    first_ = pictures[0];
    for (const image& p : pictures) {
      if (p.width != first_.width || p.height != first_.height || p.channels != first_.channels)
        fail("picture_list: found pictures of ", detail::extent_text(first_), " and ", detail::extent_text(p), ", wanted one size");
      all->insert(all->end(), p.pixels.begin(), p.pixels.end());
    }
    first_.pixels = all->data();
    owner_ = std::move(all);
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  int width() const { return first_.width; }
  int height() const { return first_.height; }
  int channels() const { return first_.channels; }
  std::size_t picture_bytes() const { return first_.bytes(); }
  image_view operator[](std::size_t i) const {
    if (i >= size_) fail("picture_list: found picture ", i, ", wanted one of ", size_);
    return {first_.pixels + i * first_.bytes(), first_.width, first_.height, first_.channels};
  }

 private:
  image_view first_;
  std::size_t size_ = 0;
  std::shared_ptr<const void> owner_;
};

}  // namespace relreason
