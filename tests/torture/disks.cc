#include "disks.h"

#include <filesystem>
#include <fstream>
#include <utility>

#include "preload.h"
#include "programs.h"

namespace tandem::torture {
namespace {

// Three segments of a log, the shortest that a replica takes, and snapshots; and as much in each of the
// places of what was set aside, which is kept there.
constexpr const char* kSmallDiskBytes = "160m";

// In place: the shim has the file mapped.
void set_switch(const std::string& path, char value) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.put(value);
}

}  // namespace

Disks::Disks(const Settings& settings, Processes& processes, std::string data)
    : settings_(settings), processes_(processes), data_(std::move(data)) {}

Status Disks::make(const std::vector<std::string>& replicas) {
  std::error_code error;
  for (const std::string& name : {data_, std::string("disk")})
    std::filesystem::create_directory(settings_.directory + "/" + name, error);
  if (error) return fail_errno("cannot make the disks", error.value());
  replicas_ = replicas;
  for (const std::string& replica : replicas_) write_text(switch_of(replica), std::string(1, '\0'));
  return {};
}

Status Disks::make_small(const std::string& replica) {
  const std::string path = data_ + "/" + replica;
  return processes_.run("mkdir -m 700 " + path +
                        "\nmount -t tmpfs -o mode=700,size=" + kSmallDiskBytes + " small " + path);
}

std::string Disks::directory(const std::string& replica) const {
  return settings_.directory + "/" + data_ + "/" + replica;
}

std::string Disks::switch_of(const std::string& replica) const {
  return settings_.directory + "/disk/" + replica;
}

std::vector<std::string> Disks::enter(const std::string& replica) const {
  return preload(settings_, {"TANDEM_TORTURE_DISK=" + switch_of(replica),
                             "TANDEM_TORTURE_DATA=/" + data_ + "/"});
}

void Disks::fail_next_sync(const std::string& replica) { set_switch(switch_of(replica), '\1'); }

void Disks::forget_failing_syncs() {
  for (const std::string& replica : replicas_) set_switch(switch_of(replica), '\0');
}

}  // namespace tandem::torture
