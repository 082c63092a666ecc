// A number in a small file: how many requests a service got since the last reset. The file is
// mapped and shared, so adding costs no system call, and the number outlives the process, kill -9
// included; what the kernel had not yet written is lost only if the whole machine stops.
//
//   file  = magic word
//   magic = "tandemC1"
//   word  = u64, little-endian: the number in the low 48 bits, and in the high 16 bits the low 16
//           bits of the crc32c of the number as 8 bytes, little-endian
//
// Number and checksum are one aligned word: it is stored in one instruction and cannot be torn by
// a kill. Readers find this in rs-users(8).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/result.h"
#include "file/descriptor.h"

namespace tandem::rideshare {

class RequestCounter {
 public:
  // Makes the file, and directories above it, where there are none, and locks it for the life of
  // the object. A file that is no counter, or a damaged one, is kept aside as PATH.bad, said so in
  // the log, and counting starts from 0. kBusy: another process uses the file.
  static Result<std::unique_ptr<RequestCounter>> open(const std::string& path);
  // Fails where that could not be such a file, and makes nothing.
  static Status check(const std::string& path);
  ~RequestCounter();  // writes the number to the disk
  RequestCounter(const RequestCounter&) = delete;
  RequestCounter& operator=(const RequestCounter&) = delete;

  void add() { store(count_ + 1); }
  void reset() { store(0); }
  uint64_t value() const { return count_; }

 private:
  RequestCounter(file::Descriptor file, void* mapping, uint64_t count)
      : file_(std::move(file)), mapping_(mapping), count_(count) {}
  void store(uint64_t count);

  file::Descriptor file_;
  void* mapping_;
  uint64_t count_;
};

}  // namespace tandem::rideshare
