// Files of another format version: nothing of them is used, moved or erased.
#include "storage/format_check.h"

#include "storage/identity.h"
#include "storage/log_fixture.h"
#include "storage/log_format.h"
#include "storage/snapshot.h"
#include "storage/snapshot_format.h"
#include "wire/sealed_text.h"

namespace tandem::storage {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

class FormatCheckTest : public LogFixture {
 protected:
  FormatCheckTest() {
    EXPECT_TRUE(save_identity(kDirectory, {7, 8}, disk_));
    open();
    append_durably(1, 10);
    log_.reset();
    SnapshotHeader header;
    header.lineage = 7;
    header.group = "g";
    header.index = 4;
    auto writer = SnapshotWriter::create(kDirectory, header, disk_);
    EXPECT_TRUE((*writer)->add_row("{}"));
    EXPECT_TRUE((*writer)->finish());
    saved_ = disk_.contents();
  }

  std::string& file(const std::string& name) { return disk_.content(path(name)); }
  static std::string path(const std::string& name) { return std::string(kDirectory) + "/" + name; }

  void expect_refused(const std::string& name, const std::string& found, const std::string& known) {
    const auto before = disk_.contents();
    const Status checked = check_formats(kDirectory, disk_);
    ASSERT_FALSE(checked) << name << found;
    EXPECT_EQ(checked.error().kind, ErrorKind::kConfig);
    EXPECT_EQ(checked.error().message,
              "'" + path(name) + "' is of format " + found + ", this program reads " + known);
    EXPECT_EQ(disk_.contents(), before);
  }

  std::map<std::string, std::string> saved_;
};

TEST_F(FormatCheckTest, OurOwnFilesAreKnown) {
  const Status checked = check_formats(kDirectory, disk_);
  EXPECT_TRUE(checked) << checked.error().message;
  EXPECT_TRUE(check_formats("nowhere", disk_));
}

TEST_F(FormatCheckTest, TheVersionOfASegmentOrSlotIsRefusedWhateverItsChecksum) {
  const std::string segment = segment_name(1);
  for (const auto& [name, at] : std::vector<std::pair<std::string, size_t>>{
           {segment, 8}, {"promise", 8}, {"promise", kSlotBytes + 8}}) {
    for (const int version : {0, 2, 3, 255}) {
      for (const bool checksum : {true, false}) {
        disk_.restore(saved_);
        file(name)[at] = static_cast<char>(version);
        if (!checksum) file(name)[at + 4] ^= 1;
        expect_refused(name, "version " + std::to_string(version), "1");
        // And by the log itself, before it changes anything.
        const auto before = disk_.contents();
        const auto opened = Log::open(options_, loop_, hooks(), disk_);
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().kind, ErrorKind::kConfig);
        EXPECT_EQ(disk_.contents(), before);
        EXPECT_TRUE(suspect_reasons_.empty());
      }
    }
  }
}

TEST_F(FormatCheckTest, AWrongMagicIsDamage) {
  file(segment_name(1))[0] ^= 1;
  file(segment_name(1))[8] = 2;
  EXPECT_TRUE(check_formats(kDirectory, disk_));
}

TEST_F(FormatCheckTest, AnotherIdentityIsRefusedHoweverItIsSealed) {
  const std::string text = R"({"format":"tandem-identity-2","other":true})";
  for (const std::string& content : {wire::seal_text(text), text + "\nsealed otherwise\n"}) {
    file("identity") = content;
    expect_refused("identity", "'tandem-identity-2'", "'tandem-identity-1'");
    const auto loaded = load_identity(kDirectory, disk_);
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().kind, ErrorKind::kConfig);
  }
  file("identity") = wire::seal_text(R"({"format":"something else"})");
  EXPECT_EQ(load_identity(kDirectory, disk_).error().kind, ErrorKind::kCorrupt);
}

TEST_F(FormatCheckTest, AnotherSnapshotIsRefusedAndNotPassedOver) {
  const std::string name = snapshot_name(4);
  std::string& content = file(name);
  content.replace(content.find("tandem-snapshot-1"), 17, "tandem-snapshot-3");
  expect_refused(name, "'tandem-snapshot-3'", "'tandem-snapshot-1'");
}

TEST_F(FormatCheckTest, ASnapshotOfAnotherVersionWithItsChecksumIsRefusedByItsReader) {
  const std::string name = snapshot_name(4);
  std::string body = R"({"format":"tandem-snapshot-3"})";
  body += "\n";
  file(name) = body + encode_snapshot_trailer({0, wire::crc32c(body)}) + "\n";
  const auto newest = SnapshotReader::open(std::string(kDirectory) + "/" + name, disk_);
  ASSERT_FALSE(newest);
  EXPECT_EQ(newest.error().kind, ErrorKind::kConfig);
  EXPECT_THAT(newest.error().message, HasSubstr("tandem-snapshot-3"));
  EXPECT_THAT(newest.error().message, EndsWith("'tandem-snapshot-1'"));
}

}  // namespace
}  // namespace tandem::storage
