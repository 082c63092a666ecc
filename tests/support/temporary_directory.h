// A directory of a test's own, removed with everything in it. What writes into it from other
// threads has to end first: a fixture declares the directory before its loop, whose destructor
// waits for the thread pool.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/check.h"

namespace tandem::support {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = std::filesystem::temp_directory_path() / "tandem-test.XXXXXX";
    CHECK(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }
  // The path of what is called `name` in it, whether or not it is there.
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  // Makes that file, or gives it another text; its path.
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(file(name), std::ios::trunc | std::ios::binary) << text;
    return file(name);
  }

 private:
  std::string path_;
};

}  // namespace tandem::support
