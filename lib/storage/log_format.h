// The bytes of segments and of the promise file. tandem-log(5) describes them for people; both
// change together. All numbers are little-endian; crc is CRC-32C.
//
//   segment  = header *record *%x00      ; as long as it was made, records start at byte 4096
//   header   = magic version crc size first_index epoch_before chain_before *%x00   ; 4096 bytes
//   magic    = "tandemlg"
//   version  = u32                       ; 1
//   crc      = u32                       ; of the header's fields after it
//   size     = u64                       ; bytes of the file
//   first_index = u64                    ; of the first record, also the file's name
//   epoch_before = u64  chain_before = u32   ; of the record before the first one
//
//   record   = length crc chain_before synced_index entry padding
//   length   = u32                       ; bytes of the entry, never 0
//   crc      = u32                       ; of length, chain_before, synced_index and entry
//   chain_before = u32                   ; chain value of the record before
//   synced_index = u64                   ; entries up to here were durable when this was written
//   entry    = wire/entry.h
//   padding  = *%x00                     ; up to the next multiple of 8
//
// The chain value of a record is the CRC-32C of its entry continued from the chain value of the
// record before it (0 at index 0). It depends on the entries alone, so replicas can compare it.
// Where a record would start there is an all-zero header at the end of the log.
//
//   promise file = slot slot             ; 4096 bytes each
//   slot     = magic version crc sequence promise synced_index
//              pending pending_index pending_epoch pending_chain [mark] *%x00
//   mark     = markmagic crc committed_epoch committed_index   ; "mark"; the crc is of the two u64s
//   magic    = "tandempr"; pending = u8: 0 none, 1 cut, 2 reset; the rest as in PromiseState
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "storage/promise_file.h"
#include "wire/entry.h"

namespace tandem::storage {

constexpr uint32_t kFormatVersion = 1;
constexpr uint64_t kSegmentHeaderBytes = 4096;
constexpr uint64_t kSlotBytes = 4096;
constexpr uint64_t kRecordHeaderBytes = 4 + 4 + 4 + 8;
constexpr uint64_t kRecordAlignment = 8;
constexpr uint64_t kMinEntryBytes = 1 + 8 + 8 + 8 + 4 + 4;

struct SegmentHeader {
  uint64_t size = 0;
  uint64_t first_index = 0;
  uint64_t epoch_before = 0;
  uint32_t chain_before = 0;
};

// Bytes that an entry of this encoded size takes in a segment.
constexpr uint64_t record_bytes(uint64_t entry_bytes) {
  return (kRecordHeaderBytes + entry_bytes + kRecordAlignment - 1) / kRecordAlignment *
         kRecordAlignment;
}

// The version that a block begins with, whatever its checksum; nullopt: it is no block of ours.
constexpr size_t kBlockStartBytes = 8 + 4;
std::optional<uint32_t> block_version(std::string_view start);

std::string encode_segment_header(const SegmentHeader& header);
bool decode_segment_header(std::string_view block, SegmentHeader& header);

// Appends a record to `out` and gives the chain value after it.
uint32_t append_record(const wire::Entry& entry, uint32_t chain_before, uint64_t synced_index,
                       std::string& out);

struct RecordView {
  uint32_t chain_before = 0;
  uint64_t synced_index = 0;
  std::string_view entry;  // encoded
  uint32_t chain() const;  // after this record
};

// The record at the start of `bytes`: false where it is broken or there is none.
bool parse_record(std::string_view bytes, size_t max_entry_bytes, RecordView& record);

std::string encode_slot(uint64_t sequence, const PromiseState& state);
bool decode_slot(std::string_view block, uint64_t& sequence, PromiseState& state);

// "log-00000000000000000001"; parse: false for any other name.
std::string segment_name(uint64_t first_index);
bool parse_segment_name(std::string_view name, uint64_t& first_index);
// "next-segment-1.tmp": a segment being pre-written. What is left of them at start is removed.
std::string next_segment_name(uint64_t number);
bool is_next_segment_name(std::string_view name);
constexpr std::string_view kPromiseName = "promise";

}  // namespace tandem::storage
