#pragma once
// The calls about objects. `kind`: cluster, node, group, resource, resourcetype, key, network or
// netinterface. Names compare without the case of ASCII letters.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/control/nothing.hpp"

namespace alert {

inline constexpr std::size_t kListBytes =
    64 * 1024;  // of names and properties, after which a page of ListObjects ends

/// Of a key: one of its values.
struct ObjectProperty {
  std::string name;
  std::string value;
  friend bool operator==(const ObjectProperty&, const ObjectProperty&) = default;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("name", s.name), p("value", s.value);
  }
};

struct ObjectName {
  std::string kind;
  std::string name;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("kind", s.kind), p("name", s.name);
  }
};

/// What Add and Change reply; 0 for kinds without a state.
struct StateSequence {
  std::uint32_t state_sequence = 0;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("state_sequence", s.state_sequence);
  }
};

/// A key is made with the keys above it. `security` (of a key) is its descriptor, as text.
struct ObjectAdd {
  static constexpr std::string_view kMethod = "ObjectAdd";
  using Reply = StateSequence;
  std::string kind;
  std::string name;
  std::optional<std::uint32_t> state = {};  // default: 4294967295, unknown
  std::optional<std::vector<ObjectProperty>> properties = {};
  std::optional<std::string> security = {};
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("kind", s.kind), p("name", s.name), p("state", s.state), p("properties", s.properties),
        p("security", s.security);
  }
};

/// What is not named stays; what is the same already is no change.
struct ObjectChange {
  static constexpr std::string_view kMethod = "ObjectChange";
  using Reply = StateSequence;
  std::string kind;
  std::string name;
  std::optional<std::uint32_t> state = {};
  std::optional<std::vector<ObjectProperty>> properties = {};  // set
  std::optional<std::vector<std::string>> remove = {};         // properties, by name
  std::optional<std::string> security = {};                    // of a key
  std::optional<std::string> rename = {};                      // of the cluster
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("kind", s.kind), p("name", s.name), p("state", s.state), p("properties", s.properties), p("remove", s.remove),
        p("security", s.security), p("rename", s.rename);
  }
};

struct ObjectDelete {
  static constexpr std::string_view kMethod = "ObjectDelete";
  using Reply = Nothing;
  std::string kind;
  std::string name;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("kind", s.kind), p("name", s.name);
  }
};

/// Everybody's, by kind and name, a page at a time.
struct ListObjects {
  static constexpr std::string_view kMethod = "ListObjects";
  struct Row {
    std::string kind;
    std::string name;
    std::optional<std::uint32_t> state;  // of kinds that have one
    std::uint32_t state_sequence = 0;
    std::vector<ObjectProperty> properties;
    std::optional<std::string> security;  // of keys that have one
    bool link = false;                    // one of this host's network links, which say what it is
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("kind", s.kind), p("name", s.name), p("state", s.state), p("state_sequence", s.state_sequence),
          p("properties", s.properties), p("security", s.security), p("link", s.link);
    }
  };
  struct Reply {
    std::vector<Row> rows;
    std::optional<ObjectName> next;  // pass it as `after` for the following page
    template <class Self, class Pass>
    static void fields(Self& s, Pass& p) {
      p("rows", s.rows), p("next", s.next);
    }
  };
  std::optional<std::string> kind;  // only these
  std::optional<ObjectName> after;
  template <class Self, class Pass>
  static void fields(Self& s, Pass& p) {
    p("kind", s.kind), p("after", s.after);
  }
};

}  // namespace alert
