#pragma once
// This host's network links, as the kernel tells them over rtnetlink: first all of them, then every change.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "alert/memory/shared_memory.hpp"
#include "alert/wire/bytes.hpp"
#include "brokerd/objects.hpp"

namespace brokerd {

class Links {
 public:
  [[nodiscard]] static alert::SystemResult<Links> open();

  /// Readable when there is news.
  [[nodiscard]] int get() const noexcept { return socket_.get(); }
  /// What has arrived, a bounded number of datagrams. Where some were lost, all are asked for again.
  [[nodiscard]] std::vector<LinkNews> receive();
  /// Has all of them told again.
  void ask();

  /// Takes one datagram of the kernel apart.
  void read(alert::Bytes datagram, std::vector<LinkNews>& news);

 private:
  explicit Links(alert::Descriptor socket) noexcept : socket_(std::move(socket)) {}
  /// What is changed may have gone since, without a word where that was lost: only a list says who is there.
  enum class How { listed, changed, gone };
  void read_link(alert::Bytes message, How how, std::vector<LinkNews>& news);

  alert::Descriptor socket_;
  std::map<std::int32_t, std::string> names_;  // by index: a link may change its name
  std::vector<std::string> told_;              // of the list that is being told
  bool has_lost_ = false;                      // and it is not yet asked what
  bool is_asked_ = false;                      // a list is being told
  bool is_torn_ = false;                       // it changed meanwhile: another one is wanted
};

}  // namespace brokerd
