// Where a stream of the service goes: standard output, or a file that has its name when it is whole.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "file/descriptor.h"
#include "output.h"

namespace tandem::client {

class Target {
 public:
  virtual ~Target() = default;
  virtual Status write(std::string_view bytes) = 0;
  // All of it has come.
  virtual Status finish() = 0;
  // Takes back what was written; false: it has gone.
  virtual bool begin_anew() = 0;
  // What is there of one that did not come whole, for people.
  virtual std::string what_is_left() const = 0;
};

class StandardOutput final : public Target {
 public:
  // `noun`: what it is, with its article.
  StandardOutput(Output& output, const std::string& noun) : output_(output) {
    output_.tell_if_lost(noun + " on standard output is not complete", false);
  }
  Status write(std::string_view bytes) override;
  Status finish() override;
  bool begin_anew() override { return !any_; }
  std::string what_is_left() const override {
    return any_ ? "what is on standard output is not complete" : "nothing was written";
  }

 private:
  Status show(std::string_view bytes);

  Output& output_;
  std::string line_;
  bool any_ = false;
};

// Readable by its owner alone. Has its name when it is whole, and is on the disk then.
class NewFile final : public Target {
 public:
  // kCannotCreate: something that is no file has that name.
  static Result<std::unique_ptr<NewFile>> create(std::string path);
  ~NewFile() override;

  Status write(std::string_view bytes) override;
  Status finish() override;
  bool begin_anew() override;
  std::string what_is_left() const override { return "'" + path_ + "' was not written"; }

 private:
  NewFile(std::string path, std::string temporary, file::Descriptor file)
      : path_(std::move(path)), temporary_(std::move(temporary)), file_(std::move(file)) {}

  const std::string path_;
  const std::string temporary_;
  file::Descriptor file_;
  uint64_t size_ = 0;
  bool finished_ = false;
};

// "" and "-" are standard output.
Result<std::unique_ptr<Target>> open_target(Output& output, const std::string& path,
                                            const std::string& noun);

// A directory that has its name when all in it is there; what is in it are files of one level.
class NewDirectory {
 public:
  // kCannotCreate: something has that name that is no empty directory.
  static Result<std::unique_ptr<NewDirectory>> create(const std::string& given);
  ~NewDirectory();
  NewDirectory(const NewDirectory&) = delete;
  NewDirectory& operator=(const NewDirectory&) = delete;

  // Where its files are made.
  const std::string& path() const { return temporary_; }
  Status finish();

 private:
  NewDirectory(std::string path, std::string temporary)
      : path_(std::move(path)), temporary_(std::move(temporary)) {}

  const std::string path_;
  const std::string temporary_;
  bool finished_ = false;
};

}  // namespace tandem::client
