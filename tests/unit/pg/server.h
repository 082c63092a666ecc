// A PostgreSQL cluster of the test program's own, in a temporary directory, with a socket there and
// no port: made with the first test that asks for it, gone with the program. As root it runs as
// nobody, for PostgreSQL refuses root.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace tandem::pg {

class Server {
 public:
  // The one of the program, running.
  static Server& get();

  Server();
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // With further arguments of postgres(1), as {"-c", "fsync=off"}. Returns when it takes connections.
  void start(const std::vector<std::string>& arguments = {});
  // SIGINT: disconnects everyone. SIGQUIT: as after a crash. Returns when the process is gone.
  void stop(int signal_number);
  pid_t pid() const { return pid_; }

  // Holds the socket, which is .s.PGSQL.5432.
  const std::string& directory() const { return directory_; }
  // A directory in it for sockets of others, and what libpq needs to find one there.
  std::string make_directory(const std::string& name);
  std::string conninfo(const std::string& database) const {
    return "host=" + directory_ + " user=tester dbname=" + database;
  }
  // Returns when the log, since the last start, has this.
  void wait_for_log(const std::string& text);

 private:
  void read_log(int fd);

  std::string directory_;
  std::string programs_;
  pid_t pid_ = 0;
  std::thread reader_;
  std::mutex mutex_;
  std::condition_variable more_;
  std::string log_;
  bool ended_ = false;
};

}  // namespace tandem::pg
