// bench/machine.hpp -- the machine a number was measured on: processor, load by other processes, memory of this process.
#pragma once

#include <sys/resource.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

namespace bench {

inline int cores() { return static_cast<int>(std::max(1u, std::thread::hardware_concurrency())); }

inline std::string processor() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("model name")) return line.substr(std::min(line.size(), line.find(':') + 2));
  return "unknown processor";
}
inline const char* compiler() {
#if defined(__clang__)
  return "Clang " __clang_version__;
#else
  return "GCC " __VERSION__;
#endif
}

// Share of the machine that other processes and the hypervisor took since construction.
class load {
 public:
  load() : before_(now()) {}
  struct shares {
    double others = 0, stolen = 0;
    bool idle() const { return others < .02 && stolen < .02; }
  };
  shares since() const {
    const ticks a = now();
    const double total = a.total - before_.total;
    if (total <= 0) return {};
    return {std::max(0.0, a.busy - before_.busy - (a.own - before_.own)) / total, (a.stolen - before_.stolen) / total};
  }
  // One line for people: nothing to say on an idle machine but that it was.
  std::string text() const {
    const shares s = since();
    char line[200];
    std::snprintf(line, sizeof line, "%s: other processes used %.1f %% of it, the hypervisor took %.1f %%",
                  s.idle() ? "The machine was idle" : "THE MACHINE WAS NOT IDLE, take no number above as a result", 100 * s.others, 100 * s.stolen);
    return line;
  }

 private:
  struct ticks {
    double busy = 0, total = 0, stolen = 0, own = 0;  // in 1/100 s
  };
  static ticks now() {
    std::ifstream in("/proc/stat");
    std::string word;
    double user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0, steal = 0;
    in >> word >> user >> nice >> system >> idle >> wait >> irq >> soft >> steal;
    rusage use{};
    getrusage(RUSAGE_SELF, &use);
    const auto hundredths = [](const timeval& t) { return 100.0 * static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e4; };
    const double busy = user + nice + system + irq + soft;
    return {busy, busy + idle + wait + steal, steal, hundredths(use.ru_utime) + hundredths(use.ru_stime)};
  }
  ticks before_;
};

// Largest resident memory of this process since reset_peak(), in MB; 0 where /proc does not tell.
inline double peak_mb() {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1024;
  return 0;
}
inline void reset_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

}  // namespace bench
