// The exit codes of every tandem process, one table for all of them (sysexits(3) where it has a
// fitting number). Supervisors do not restart a process that ended with kUsage or kConfig.
#pragma once

namespace tandem {

enum class ExitStatus : int {
  kOk = 0,
  kNo = 1,             // a valid answer "no": a check or a drill failed
  kUsage = 64,         // the command line is wrong
  kBadInput = 65,      // input data is wrong
  kUnavailable = 69,   // a service cannot be reached, or something else that is needed is not
                       // there now: space, descriptors, a file that can be read
  kBug = 70,           // an invariant broke: a bug in tandem
  kCannotCreate = 73,  // an output file or directory cannot be created
  kIo = 74,            // of a daemon: a write or a sync of its own data failed, the disk may lie;
                       // of a client: an input or output error, or no space on a disk
  kTimeout = 75,       // timed out: try again
  kPermission = 77,    // permission denied
  kConfig = 78,        // the configuration is wrong
};

}  // namespace tandem
