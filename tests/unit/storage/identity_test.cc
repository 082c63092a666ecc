#include "storage/identity.h"

#include <gtest/gtest.h>

#include "storage/memory_disk.h"

namespace tandem::storage {
namespace {

TEST(IdentityTest, ANewDirectoryHasNone) {
  MemoryDisk disk;
  EXPECT_FALSE(load_identity("d", disk).value().has_value());
}

TEST(IdentityTest, SurvivesALossOfPower) {
  MemoryDisk disk;
  const Identity identity{0xfedcba9876543210, 0x0123456789abcdef};
  ASSERT_TRUE(save_identity("d", identity, disk));
  disk.crash();
  EXPECT_EQ(load_identity("d", disk).value(), identity);
}

TEST(IdentityTest, PowerMayGoAtAnyOperation) {
  const Identity before{1, 2};
  const Identity after{1, 3};
  for (uint64_t stop = 0; stop < 6; ++stop) {
    MemoryDisk disk;
    ASSERT_TRUE(save_identity("d", before, disk));
    disk.stop_after(stop);
    const bool saved = save_identity("d", after, disk).has_value();
    disk.stop_after(std::nullopt);
    disk.crash();
    const auto loaded = load_identity("d", disk);
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_TRUE(**loaded == after || (!saved && **loaded == before));
  }
}

TEST(IdentityTest, RenewingKeepsTheLineage) {
  MemoryDisk disk;
  ASSERT_TRUE(save_identity("d", {7, 8}, disk));
  const auto renewed = renew_identity("d", 7, disk);
  ASSERT_TRUE(renewed);
  EXPECT_EQ(renewed->lineage, 7u);
  EXPECT_NE(renewed->storage_id, 8u);
  EXPECT_EQ(load_identity("d", disk).value(), *renewed);
}

TEST(IdentityTest, AnyCutOrFlippedByteIsNoticed) {
  MemoryDisk disk;
  ASSERT_TRUE(save_identity("d", {7, 8}, disk));
  const auto saved = disk.contents();
  for (size_t at = 0; at < saved.at("d/identity").size(); ++at) {
    disk.restore(saved);
    disk.content("d/identity").resize(at);
    ASSERT_EQ(load_identity("d", disk).error().kind, ErrorKind::kCorrupt) << at;
    disk.restore(saved);
    disk.content("d/identity")[at] ^= 1;
    const auto loaded = load_identity("d", disk);
    ASSERT_FALSE(loaded) << at;  // the digit 1 becomes 0, which is no version
    ASSERT_EQ(loaded.error().kind, ErrorKind::kCorrupt) << at;
  }
}

}  // namespace
}  // namespace tandem::storage
