// fuzz_seeds DIRECTORY: writes the first inputs of the fuzz targets whose input is binary or holds
// a checksum, from the real encoders. To be run again when a format changes; inputs that were found
// since stay. The seeds that are text are written by hand.
#include <filesystem>
#include <fstream>

#include "db/export_format.h"
#include "fuzz/log_damage.h"
#include "repl/message.h"
#include "rpc/protocol.h"
#include "storage/snapshot_format.h"
#include "wire/bytes.h"
#include "wire/envelope.h"
#include "wire/frame.h"
#include "wire/sealed_text.h"

namespace {

using namespace tandem;  // NOLINT: a program of one file

std::filesystem::path corpus;

void write(const std::string& target, const std::string& name, std::string_view bytes) {
  std::filesystem::create_directories(corpus / target);
  std::ofstream file(corpus / target / name, std::ios::binary);
  file << bytes;
  CHECK(file.flush().good());
}

void write_frames() {
  std::string message;
  write("frame", "empty", message);
  std::string request;
  wire::encode(wire::Request{.method = wire::Method::kDbWrite,
                             .consistency = wire::Consistency::kSession,
                             .budget_ms = 250,
                             .min_index = 7,
                             .request_id = "r-1",
                             .key = "k-1",
                             .body = R"({"table":"users","op":"delete","where":{}})"},
               request);
  wire::append_item(message, 1, request);
  write("frame", "request", message);
  std::string response;
  wire::encode(wire::Response{.status = 409, .index = 12, .body = R"({"error":{}})"}, response);
  wire::append_item(message, 0, response);
  write("frame", "request-response", message);
}

void write_exports() {
  db::ExportWriter writer("rides-db", 12, 1000);
  std::string text = "0";  // as it is
  for (const char* row :
       {R"({"schema":{"users":{"key":"name","columns":[{"name":"name","type":"text"}]},"rides":)"
        R"({"key":"id","auto_increment":true,"columns":[{"name":"id","type":"integer"},)"
        R"({"name":"tags","type":"list of text","null":true,"default":null}]}}})",
        R"({"counters":{"rides":7}})", R"({"table":"users","row":{"name":"ann"}})",
        R"({"table":"users","row":{"name":"bob"}})",
        R"({"table":"rides","row":{"id":3,"tags":["x","y"]}})"}) {
    CHECK(writer.add(row, text).has_value());
  }
  CHECK(writer.finish(text).has_value());
  write("export", "whole", text);
  text.front() = '1';  // the header is sealed anew
  write("export", "sealed", text);
}

repl::Record record() {
  return {.lineage = 0x1234,
          .epoch = 3,
          .version = 9,
          .leader = 2,
          .in_sync = {{1, 0x11}, {2, 0x22}, {5, 0x55}},
          .min_in_sync = 2};
}

void write_messages() {
  for (int type = 1; type <= 32; ++type) {
    repl::Message message;
    message.type = static_cast<repl::MessageType>(type);
    message.lineage = 0x1234;
    message.epoch = 3;
    message.from = 2;
    message.session = 77;
    message.to = 1;
    message.prev_index = 6;
    message.prev_epoch = 2;
    message.entries = {{.type = wire::EntryType::kOpen, .index = 7, .epoch = 3, .time_ms = 1000},
                       {.index = 8, .epoch = 3, .request_id = "k", .payload = R"({"clear":true})"}};
    message.data = "{\"format\":";
    message.record = record();
    message.subject = 5;
    std::string bytes;
    repl::encode(message, bytes);
    repl::Message again;
    // Numbers that no message has do not decode.
    if (repl::decode(bytes, again)) write("message", "type-" + std::to_string(type), bytes);
  }
  const std::string text = repl::to_text(record());
  write("record", "plain", text);
  write("record", "sealed", wire::seal_text(text));
}

void write_rpc() {
  write("rpc", "hello", rpc::greeting_message({rpc::Kind::kHello, 1, 0, 0}, {7, 1 << 20}));
  std::string data;
  rpc::append_preamble(data, {rpc::Kind::kData, 1, 2, 3});
  wire::append_item(data, 1, "payload");
  write("rpc", "data", data);
  write("rpc", "error", rpc::encode_error({ErrorKind::kNoSpace, "no space left"}));
  // Choices of the two ends (rpc.cc): each adds 64 items, sends and receives.
  std::string talk;
  for (int turn = 0; turn < 64; ++turn) talk += std::string("\x28hello\x01\x02\x03\x05\x04", 11);
  write("rpc", "talk", talk);
}

void write_snapshots() {
  const std::string head = storage::encode_snapshot_header({.lineage = 0x1234,
                                                            .group = "rides-db",
                                                            .index = 42,
                                                            .epoch = 3,
                                                            .record_crc = 0x89abcdef,
                                                            .time_ms = 1000,
                                                            .created_ms = 2000});
  const std::string rows = "{\"schema\":{}}\n{\"counters\":{}}\n";
  const auto whole = [&rows](const std::string& header) {
    const std::string content = header + "\n" + rows;
    return content + storage::encode_snapshot_trailer({2, wire::crc32c(content)}) + "\n";
  };
  write("snapshot", "header", '\1' + head + "\n");
  write("snapshot", "rows", '\1' + head + "\n" + rows);
  write("snapshot", "whole", '\6' + whole(head));
  // Without a checksum of its header.
  write("snapshot", "older", '\6' + whole(head.substr(0, head.rfind(',')) + "}"));
}

// A seed of `log`: which log, where the power goes, one damage.
void write_log(const std::string& name, uint8_t choice, fuzz::Damage damage,
               std::initializer_list<uint16_t> rest) {
  std::string bytes;
  wire::ByteWriter writer(bytes);
  writer.u8(choice);
  writer.u8(9);
  writer.u8(static_cast<uint8_t>(damage));
  for (const uint16_t number : rest) writer.u16(number);
  write("log", name, bytes);
}

void write_logs() {
  write("log", "closed", std::string(2, '\0'));
  write("log", "killed", std::string("\1\0", 2));
  for (const uint8_t choice : std::initializer_list<uint8_t>{0, 1, 2, 3, 4, 7}) {
    const std::string of = "-" + std::to_string(choice);
    // Files in the order of their names: the segments, then the promise file.
    write_log("flip" + of, choice, fuzz::Damage::kFlipBit, {1, 4200, 3});
    write_log("zero" + of, choice, fuzz::Damage::kZero, {2, 4096, 700});
    write_log("truncate" + of, choice, fuzz::Damage::kTruncate, {2, 4400});
    write_log("remove" + of, choice, fuzz::Damage::kRemove, {0});
  }
  write_log("copy", 1, fuzz::Damage::kCopy, {1, 4096, 0, 4096, 512});
  write_log("rename", 0, fuzz::Damage::kRename, {0, 0, 50, 0, 0, 0});
  write_log("record", 0, fuzz::Damage::kRecord, {2, 5000, 0x3002, 0, 0, 0, 0x0400});
  write_log("header", 0, fuzz::Damage::kHeader, {0, 0, 6144, 0, 11, 0, 0, 0, 3});
  write_log("promise", 0, fuzz::Damage::kPromise, {3, 0, 0x0900});
}

}  // namespace

int main(int argc, char** argv) {
  CHECK_MSG(argc == 2, "usage: fuzz_seeds DIRECTORY");
  corpus = argv[1];
  write_frames();
  write_messages();
  write_rpc();
  write_snapshots();
  write_logs();
  write_exports();
  return 0;
}
