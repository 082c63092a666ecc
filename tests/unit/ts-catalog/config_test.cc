#include "ts-catalog/config.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "storage/identity.h"
#include "support/temporary_directory.h"

namespace tandem::catalog {
namespace {

namespace fs = std::filesystem;

class ConfigTest : public testing::Test {
 protected:
  ConfigTest() { config_.file = directory_.file("toys.csv"); }
  void write(const std::string& text) { directory_.write("toys.csv", text); }
  // Of the file; both ways of reading it say the same.
  std::string error() {
    const auto toys = read_first_toys(config_);
    const Status checked = check_catalog(config_);
    EXPECT_EQ(toys.has_value(), checked.has_value());
    if (toys) return "none";
    EXPECT_EQ(toys.error().kind, ErrorKind::kConfig);
    EXPECT_EQ(toys.error().message, checked.error().message);
    return toys.error().message;
  }

  support::TemporaryDirectory directory_;
  CatalogConfig config_;
};

TEST_F(ConfigTest, TheFirstToysAreRead) {
  write("name,price,quantity\nTux,15.99,100\n");
  EXPECT_EQ(error(), "none");
  EXPECT_EQ(*read_first_toys(config_), (std::vector<toys::NewToy>{{"Tux", 1599, 100}}));
}

TEST_F(ConfigTest, ABadLineIsNamedByFileAndNumber) {
  write("name,price,quantity\nTux,15.99,100\n\nLego,1,x\n");
  EXPECT_EQ(error(), config_.file + ":4: quantity must be an integer from 0 to 1000000000");
}

TEST_F(ConfigTest, AFileThatCannotBeReadIsNamed) {
  EXPECT_EQ(error(), "catalog.file: cannot open '" + config_.file + "': No such file or directory");
  fs::create_directory(config_.file);
  EXPECT_EQ(error(), "catalog.file: cannot read '" + config_.file + "': Is a directory");
}

TEST_F(ConfigTest, AFileWithoutAnEndIsRefused) {
  config_.file = "/dev/zero";
  EXPECT_EQ(error(), "catalog.file: '/dev/zero' is not a regular file");
}

TEST_F(ConfigTest, AReplicaWithDataNeedsNoFile) {
  config_.replica.host.id = 7;
  config_.replica.host.directory = directory_.file("catalog-{id}");
  const std::string data = directory_.file("catalog-7");
  fs::create_directory(data);
  ASSERT_TRUE(storage::save_identity(data, {.lineage = 0, .storage_id = 5}));
  EXPECT_FALSE(check_start(config_)) << "it has joined no group yet";
  ASSERT_TRUE(storage::save_identity(data, {.lineage = 3, .storage_id = 5}));
  EXPECT_TRUE(check_start(config_));
  write("Tux,1,1\n");
  EXPECT_TRUE(check_start(config_));
  EXPECT_FALSE(check_catalog(config_)) << "who checks wants to know";
}

}  // namespace
}  // namespace tandem::catalog
