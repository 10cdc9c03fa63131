// tests/data/image_cache.test.cpp -- a cache holds the collection's pictures; builds resume after any stop; changes and damage are named.
#include "relreason/data/image_cache.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "relreason/data/image_cache_build.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

#if RELREASON_HAS_PNG

namespace fs = std::filesystem;
using relreason::build_image_cache;
using relreason::image;
using relreason::image_cache;
using relreason::image_cache_options;
using relreason::image_collection;

namespace {

constexpr int n_pictures = 12;
const image_cache_options small{.width = 8, .height = 6, .progress = nullptr};

std::string name_of(int i) { return "p" + std::to_string(100 + i) + ".png"; }

image picture(int i) {
  image out(20 + i, 15, 3);
  for (std::size_t k = 0; k < out.pixels.size(); ++k) out.pixels[k] = static_cast<std::uint8_t>(k * 11 + static_cast<std::size_t>(i) * 31 + k / 77);
  return out;
}

struct pictures : temporary_folder {
  std::string images = *this / "images", cache = *this / "cache", partial = cache + ".partial";
  relreason::serial_executor serial;

  pictures() {
    fs::create_directory(images);
    for (int i = 0; i < n_pictures; ++i) relreason::png::write(images + "/" + name_of(i), picture(i));
  }
  image_collection all() const { return image_collection::of_folder(images); }
  image_cache build(const image_cache_options& options = small) { return build_image_cache(cache, all(), serial, options); }
  std::string refusal(const image_cache_options& options = small) {
    return message_of([&] { build(options); });
  }
};

// Kills the process after so many pictures.
class killing_executor final : public relreason::executor {
 public:
  explicit killing_executor(int after) : after_(after) {}
  int threads() const override { return 1; }

 private:
  void run(int n, void (*call)(void*, int), void* context) override {
    for (int i = n - 1; i >= 0; --i) {  // not in order: what is done is no prefix
      if (n - 1 - i == after_) ::raise(SIGKILL);
      call(context, i);
    }
  }
  int after_;
};

// Calls something between two pictures.
template <class Call>
class interrupting_executor final : public relreason::executor {
 public:
  interrupting_executor(int at, Call call) : at_(at), call_(call) {}
  int threads() const override { return 1; }

 private:
  void run(int n, void (*call)(void*, int), void* context) override {
    for (int i = 0; i < n; ++i) {
      if (i == at_) call_();
      call(context, i);
    }
  }
  int at_;
  Call call_;
};

void build_and_be_killed(const pictures& p, int after) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    killing_executor killer(after);
    build_image_cache(p.cache, p.all(), killer, small);
    ::_exit(1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
}

void change_byte(const std::string& path, std::size_t at) {
  std::string content = content_of(path);
  content.at(at) = static_cast<char>(content[at] ^ 1);
  put_content(path, content);
}

// Later than any time that a file system could have rounded to the same.
void touch(const std::string& path) { fs::last_write_time(path, fs::last_write_time(path) + std::chrono::seconds(2)); }

}  // namespace

TEST_CASE("image_cache: holds every picture resized, by index and by name, without a copy", "[data][image]") {
  pictures p;
  const image_cache cache = p.build();
  REQUIRE((cache.size() == n_pictures && cache.width() == 8 && cache.height() == 6 && cache.channels() == 3));
  for (int i = 0; i < n_pictures; ++i) {
    const image wanted = relreason::resize(picture(i), 8, 6);
    const relreason::image_view found = cache[static_cast<std::size_t>(i)];
    CHECK(std::memcmp(found.pixels, wanted.pixels.data(), found.bytes()) == 0);
    CHECK(found.pixels == cache.pixels() + i * 8 * 6 * 3);
    CHECK(cache.find(name_of(i)) == static_cast<std::size_t>(i));
  }
  CHECK(!cache.find("other.png"));
  CHECK(!fs::exists(p.partial));
  cache.verify(p.serial);
  CHECK(contains(message_of([&] { cache[n_pictures]; }), "found picture 12, wanted 0 to 11; correct the index"));
}

TEST_CASE("image_cache: a cache that is there and fits is opened, not built again", "[data][image]") {
  pictures p;
  p.build();
  const auto before = fs::last_write_time(p.cache);
  CHECK(p.build().size() == n_pictures);
  CHECK(fs::last_write_time(p.cache) == before);
}

TEST_CASE("image_cache: any number of threads writes the same bytes and may read at once", "[data][image][threads]") {
  pictures p;
  p.build();
  const std::string wanted = content_of(p.cache);
  fs::remove(p.cache);
  relreason::thread_pool threads(4);
  const image_cache cache = build_image_cache(p.cache, p.all(), threads, small);
  CHECK(content_of(p.cache) == wanted);
  std::atomic<int> bad{0};
  threads.parallel_for(200, [&](int i) {
    const auto k = static_cast<std::size_t>(i * 7 % n_pictures);
    const image want = relreason::resize(picture(static_cast<int>(k)), 8, 6);
    bad += std::memcmp(cache[k].pixels, want.pixels.data(), want.pixels.size()) != 0;
  });
  CHECK(bad == 0);
  cache.verify(threads);
}

TEST_CASE("image_cache: gray and one large size", "[data][image]") {
  pictures p;
  const image_cache cache = p.build({.width = 30, .height = 30, .reading = {.channels = 1}, .progress = nullptr});
  const image wanted = relreason::resize(relreason::png::parse(relreason::png::encode(picture(3)), "x", {.channels = 1}), 30, 30);
  CHECK(std::memcmp(cache[3].pixels, wanted.pixels.data(), 900) == 0);
}

TEST_CASE("image_cache: a build killed after any number of pictures goes on, and ends in the same bytes", "[data][image]") {
  pictures p;
  p.build();
  const std::string wanted = content_of(p.cache);
  for (int after = 0; after < n_pictures; ++after) {
    fs::remove(p.cache);
    build_and_be_killed(p, after);
    REQUIRE((!fs::exists(p.cache) && fs::exists(p.partial)));
    // What is done is not read again: with those files empty, but of the old size and time, only the others are decoded.
    std::vector<std::string> kept;
    for (int i = n_pictures - after; i < n_pictures; ++i) {
      const std::string path = p.images + "/" + name_of(i);
      const auto time = fs::last_write_time(path);
      kept.push_back(content_of(path));
      put_content(path, std::string(kept.back().size(), 'x'));
      fs::last_write_time(path, time);
    }
    p.build();
    for (int i = n_pictures - after; i < n_pictures; ++i) {
      const std::string path = p.images + "/" + name_of(i);
      const auto time = fs::last_write_time(path);
      put_content(path, kept[static_cast<std::size_t>(i - n_pictures + after)]);
      fs::last_write_time(path, time);
    }
    INFO("killed after " << after);
    CHECK(content_of(p.cache) == wanted);
    CHECK(!fs::exists(p.partial));
  }
}

TEST_CASE("image_cache: a partial file that is cut, damaged or of another build never spoils the result", "[data][image]") {
  pictures p;
  p.build();
  const std::string wanted = content_of(p.cache);
  fs::remove(p.cache);
  build_and_be_killed(p, 9);
  const std::string partial = content_of(p.partial);
  const auto ends_well = [&](const std::string& left) {
    fs::remove(p.cache);
    put_content(p.partial, left);
    p.build();
    return content_of(p.cache) == wanted;
  };
  for (const std::size_t n : {std::size_t{0}, std::size_t{10}, std::size_t{64}, std::size_t{100}, std::size_t{400}, std::size_t{4095},
                              std::size_t{4097}, std::size_t{4500}, partial.size() - 1})
    CHECK(ends_well(partial.substr(0, n)));
  CHECK(ends_well(partial + "more"));
  CHECK(ends_well(std::string(partial.size(), 'x')));
  CHECK(ends_well(wanted));  // killed between the seal and the new name
  for (std::size_t at = 0; at < partial.size(); at += at < 500 ? 7 : 97) {
    std::string bad = partial;
    bad[at] = static_cast<char>(bad[at] ^ 0x40);
    INFO("byte " << at);
    CHECK(ends_well(bad));
  }
  // One of another size, and one of another list.
  fs::remove(p.cache);
  put_content(p.partial, partial);
  CHECK(p.build({.width = 5, .height = 6, .progress = nullptr}).width() == 5);
  fs::remove(p.cache);
  put_content(p.partial, partial);
  const auto few = image_collection::of_names(p.images, {name_of(4), name_of(2)});
  CHECK(build_image_cache(p.cache, few, p.serial, small).size() == 2);
}

TEST_CASE("image_cache: a picture that changed since the build stopped is read again", "[data][image]") {
  pictures p;
  build_and_be_killed(p, 9);
  relreason::png::write(p.images + "/" + name_of(11), picture(0));
  touch(p.images + "/" + name_of(11));
  const image_cache cache = p.build();
  const image wanted = relreason::resize(picture(0), 8, 6);
  CHECK(std::memcmp(cache[11].pixels, wanted.pixels.data(), wanted.pixels.size()) == 0);
}

TEST_CASE("image_cache: pictures that change while they are read are named, before and after their turn", "[data][image]") {
  for (const int changed : {2, 9}) {
    pictures p;
    interrupting_executor meanwhile(5, [&] { touch(p.images + "/" + name_of(changed)); });
    const std::string message = message_of([&] { build_image_cache(p.cache, p.all(), meanwhile, small); });
    INFO(message);
    CHECK(contains(message, name_of(changed)));
    CHECK(contains(message, "changed while the collection was read"));
    CHECK(!fs::exists(p.cache));
    CHECK(p.build().size() == n_pictures);
  }
}

TEST_CASE("image_cache: a collection that changed after the build is refused with the pictures' names", "[data][image]") {
  pictures p;
  p.build();
  touch(p.images + "/" + name_of(3));
  const std::string message = p.refusal();
  INFO(message);
  CHECK(contains(message, "image_cache: " + p.cache + ": 1 of 12 pictures in " + p.images + " changed since it was built: \"p103.png\""));
  CHECK(contains(message, "; remove it, then build it again, or choose another file"));
  CHECK(image_cache(p.cache).size() == n_pictures);  // without its collection it serves
}

TEST_CASE("image_cache: a cache of another collection, size or version is refused with what to do", "[data][image]") {
  pictures p;
  p.build();
  CHECK(contains(p.refusal({.width = 9, .height = 6, .progress = nullptr}), "found pictures of 8 x 6 x 3, wanted 9 x 6 x 3; remove it"));
  CHECK(contains(p.refusal({.width = 8, .height = 6, .reading = {.channels = 1}, .progress = nullptr}),
                 "found pictures of 8 x 6 x 3, wanted 8 x 6 x 1"));
  const auto refusal_of = [&](std::vector<std::string> names) {
    return message_of([&] { build_image_cache(p.cache, image_collection::of_names(p.images, names), p.serial, small); });
  };
  CHECK(contains(refusal_of({name_of(0), name_of(2)}),
                 "another collection than " + p.images + ": picture 1 is \"p101.png\", wanted \"p102.png\"; remove it"));
  CHECK(contains(refusal_of({name_of(0)}), "it is of another collection than " + p.images + ": found 12 pictures, wanted 1; remove it"));
  const std::string content = content_of(p.cache);
  std::string other = content;
  other[8] = 2;
  put_content(p.cache, other);
  CHECK(contains(p.refusal(), "byte 8: found version 2, wanted 1; another relreason wrote it; remove it, then build it again"));
  CHECK(content_of(p.cache) == other);  // refused, not replaced
  put_content(p.cache, "something else");
  CHECK(contains(p.refusal(), "byte 0: found no cache of pictures, wanted \"RRimages\"; check the path"));
}

TEST_CASE("image_cache: a cache that is cut or damaged anywhere is refused when opened, its pixels when verified", "[data][image]") {
  pictures p;
  p.build();
  const std::string content = content_of(p.cache);
  const auto opened = [&](const std::string& bytes) { return message_of([&] { image_cache(std::as_bytes(std::span(bytes)), "bad"); }); };
  REQUIRE(opened(content).empty());
  for (std::size_t n = 0; n < content.size(); n += n < 200 ? 1 : 173) CHECK(contains(opened(content.substr(0, n)), "image_cache: bad: "));
  CHECK(contains(opened(content.substr(0, content.size() - 1)), "it is cut short or damaged; remove it, then build it again"));
  CHECK(contains(opened(content + "x"), "cut short or damaged"));
  for (std::size_t at = 0; at < 4096; ++at) {
    std::string bad = content;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    INFO("byte " << at);
    CHECK(contains(opened(bad), "image_cache: bad: "));
  }
  std::string unfinished = content;
  std::memset(unfinished.data() + 48, 0, 8);
  CHECK(contains(opened(unfinished), "byte 48: found an unfinished cache; build it again"));
  change_byte(p.cache, 4096 + 5 * 8 * 6 * 3 + 7);
  const image_cache cache(p.cache);
  CHECK(contains(message_of([&] { cache.verify(p.serial); }), "the pixels of 1 of 12 pictures are damaged: \"p105.png\"; remove it"));
}

TEST_CASE("image_cache: pictures that cannot be read are all named, and the rest need not be read again", "[data][image]") {
  pictures p;
  const std::string good = content_of(p.images + "/" + name_of(4));
  put_content(p.images + "/" + name_of(4), good.substr(0, good.size() / 2));
  put_content(p.images + "/" + name_of(7), "");
  const std::string message = p.refusal();
  INFO(message);
  CHECK(contains(message, "image_cache: 2 of 12 pictures in " + p.images + " cannot be used:"));
  CHECK(contains(message, "p104.png: found the end of the file after "));
  CHECK(contains(message, "p107.png: found an empty file"));
  CHECK(contains(message, "the others are kept in " + p.partial));
  CHECK(!fs::exists(p.cache));
  relreason::png::write(p.images + "/" + name_of(4), picture(4));
  relreason::png::write(p.images + "/" + name_of(7), picture(7));
  CHECK(p.build().size() == n_pictures);
}

TEST_CASE("image_cache: missing pictures, empty collections and sizes of nothing are refused before anything is built", "[data][image]") {
  pictures p;
  const auto refusal = [&](std::vector<std::string> names, const image_cache_options& options) {
    return message_of([&] { build_image_cache(p.cache, image_collection::of_names(p.images, std::move(names)), p.serial, options); });
  };
  CHECK(contains(refusal({name_of(0), "gone.png"}, small), "1 of 2 pictures are missing or no files: \"gone.png\""));
  CHECK(contains(refusal({}, small), "found a collection of 0 pictures, wanted 1 to 2^31 - 1"));
  CHECK(contains(refusal({name_of(0)}, {.width = 0, .progress = nullptr}), "found a size of 0 x 128, wanted 1 to 16384 each"));
  CHECK(contains(refusal({name_of(0)}, {.height = 1 << 20, .progress = nullptr}), "found a size of 128 x 1048576"));
  CHECK(contains(refusal({name_of(0)}, {.reading = {.channels = 2}, .progress = nullptr}), "found image_options::channels 2"));
}

TEST_CASE("image_cache: places that cannot be written are named", "[data][image]") {
  pictures p;
  p.cache = p / "none/cache";
  CHECK(contains(p.refusal(), "image_cache: cannot create " + p.cache + ".partial: No such file or directory; create the folder first"));
  p.cache = "/proc/relreason";
  CHECK(contains(p.refusal(), "image_cache: cannot create /proc/relreason.partial: "));
  p.cache = p.images;
  CHECK(contains(p.refusal(), "to be a folder, wanted a regular file"));
}

TEST_CASE("image_cache: two builders of one file: the second gets an error", "[data][image]") {
  pictures p;
  const int other = ::open(p.partial.c_str(), O_RDWR | O_CREAT, 0600);
  REQUIRE((other >= 0 && ::flock(other, LOCK_EX) == 0));
  CHECK(contains(p.refusal(), "is being built by another program or thread (lock on " + p.partial + "); wait for it"));
  ::close(other);
  CHECK(p.build().size() == n_pictures);
}

TEST_CASE("image_cache: beyond the limit on file sizes the program lives and the error says so", "[data][image]") {
  pictures p;
  rlimit before;
  ::getrlimit(RLIMIT_FSIZE, &before);
  rlimit now = before;
  now.rlim_cur = 5000;  // all is 4,096 and 12 x 144
  ::setrlimit(RLIMIT_FSIZE, &now);
  const std::string message = p.refusal();
  ::setrlimit(RLIMIT_FSIZE, &before);
  CHECK(contains(message, "image_cache: cannot make room for 5824 bytes in " + p.partial + ": File too large; raise the limit on file sizes"));
  CHECK(p.build().size() == n_pictures);
}

TEST_CASE("image_cache: a full disk is named before pictures are read", "[data][image]") {
  // A disk of 64 KiB in a name space of its own, seen by a child process only.
  enum step { passed, no_disk = 100, wrong };
  pictures p;
  fs::create_directory(p / "disk");
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const std::string user = "0 " + std::to_string(::getuid()) + " 1";
    if (::unshare(CLONE_NEWNS) != 0) {
      if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) ::_exit(no_disk);
      put_content("/proc/self/uid_map", user);
    }
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) ::_exit(no_disk);
    if (::mount("tmpfs", (p / "disk").c_str(), "tmpfs", 0, "size=64k") != 0) ::_exit(no_disk);
    p.cache = p / "disk/cache";
    const std::string message = p.refusal({.width = 128, .height = 128, .progress = nullptr});
    if (!contains(message, "make room for 593920 bytes in " + p.cache + ".partial: No space left on device; free some space on that disk; then run"))
      std::fprintf(stderr, "%s\n", message.c_str()), ::_exit(wrong);
    ::_exit(fs::exists(p.cache) ? wrong : passed);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == no_disk) std::printf("[skipped] image_cache on a full disk: no permission to mount a small one\n");
  else CHECK(WEXITSTATUS(status) == passed);
}

TEST_CASE("image_cache: a build shows how far it is", "[data][image]") {
  pictures p;
  std::FILE* shown = std::tmpfile();
  REQUIRE(shown);
  p.build({.width = 8, .height = 6, .progress = shown});
  std::rewind(shown);
  char line[200] = {};
  REQUIRE(std::fgets(line, sizeof line, shown));
  CHECK(contains(line, "pictures of " + p.images + "  100 %  12/12"));
  std::fclose(shown);
}

#endif
