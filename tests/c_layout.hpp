#pragma once
// The codec's layout of one profile as C source that compiles only if the C declarations agree.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "alert/wire/alert.hpp"

namespace test {

/// A pass that notes where the fields of fixed size lie. The strings lie behind them.
class FixedPart {
 public:
  struct Field {
    std::string name;
    std::size_t offset;
    std::size_t size;
  };

  explicit FixedPart(alert::Profile profile) : profile_(profile) {}

  void narrow(std::string_view field, std::uint32_t) { put(field, profile_ == alert::Profile::nt ? 4 : 2); }
  void wide(std::string_view field, std::uint32_t) { put(field, 4); }
  void padding(std::string_view field, std::size_t size) {
    if (size > 0) put(field, size);
  }
  void name(std::string_view field, std::string_view, std::size_t max_units) {
    put(field, (max_units + 1) * unit(profile_));
  }
  void count(std::string_view field, const alert::MergeStrings<std::string_view>&) { narrow(field, 0); }
  void strings(std::string_view, const alert::MergeStrings<std::string_view>&) {}
  void string(std::string_view, std::string_view) {}

  [[nodiscard]] alert::Profile profile() const { return profile_; }
  [[nodiscard]] const std::vector<Field>& fields() const { return fields_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  void put(std::string_view field, std::size_t size) {
    fields_.push_back({std::string(field), size_, size});
    size_ += size;
  }

  alert::Profile profile_;
  std::vector<Field> fields_;
  std::size_t size_ = 0;
};

template <class Structure>
[[nodiscard]] FixedPart fixed_part(alert::Profile profile) {
  FixedPart pass(profile);
  Structure empty;
  Structure::fields(empty, pass);
  return pass;
}

/// C expressions and the numbers that they have to have.
class Claims {
 public:
  void add(const std::string& expression, std::size_t number) { claims_.push_back({expression, number}); }

  void add_structure(const std::string& type, const FixedPart& part) {
    for (const FixedPart::Field& field : part.fields()) {
      add("offsetof(" + type + ", " + field.name + ")", field.offset);
      add("sizeof(((" + type + " *)0)->" + field.name + ")", field.size);
    }
    add("sizeof(" + type + ")", part.size());
  }

  /// One claim a line, refused if it does not hold; every number is `error` too large.
  [[nodiscard]] std::string source(std::size_t error = 0) const {
    std::string source;
    for (std::size_t i = 0; i < claims_.size(); ++i)
      source += "typedef char claim_" + std::to_string(i) + "[(" + claims_[i].expression +
                ") == " + std::to_string(claims_[i].number + error) + " ? 1 : -1];\n";
    return source;
  }
  [[nodiscard]] std::size_t size() const { return claims_.size(); }

 private:
  struct Claim {
    std::string expression;
    std::size_t number;
  };
  std::vector<Claim> claims_;
};

/// How a profile's C header spells what both have: `std_alert` or `STD_ALERT`, "ADMIN" or L"ADMIN".
[[nodiscard]] inline std::string c_type(alert::Profile profile, std::string name) {
  return profile == alert::Profile::nt ? alert::canonical_event(name) : "struct " + name;
}

/// Everything that the codec and the C header of a profile both know.
[[nodiscard]] inline Claims claims_of(alert::Profile profile) {
  Claims claims;
  claims.add_structure(c_type(profile, "std_alert"), fixed_part<alert::StdAlert<std::string_view>>(profile));
  claims.add("(size_t)ALERT_OTHER_INFO(0)", alert::std_alert_size(profile));
  alert::for_each_named_class<std::string_view>([&]<class Info>(const Info&) {
    const FixedPart part = fixed_part<Info>(profile);
    if (part.size() == 0) return;  // MESSAGE has no structure
    const std::string type = c_type(profile, std::string(Info::kClass) + "_other_info");
    claims.add_structure(type, part);
    claims.add("(size_t)ALERT_VAR_DATA((" + type + " *)0)", part.size());
  });

  const auto event = [&](const std::string& macro, std::string_view name) {
    const std::string quoted = '"' + std::string(name) + '"';
    claims.add(profile == alert::Profile::nt ? "__builtin_wcscmp(" + macro + ", L" + quoted + ")"
                                             : "__builtin_strcmp(" + macro + ", " + quoted + ")",
               0);
  };
  event("ALERT_PRINT_EVENT", alert::kPrintEvent);
  event("ALERT_MESSAGE_EVENT", alert::kMessageEvent);
  event("ALERT_ERRORLOG_EVENT", alert::kErrorlogEvent);
  event("ALERT_ADMIN_EVENT", alert::kAdminEvent);
  event("ALERT_USER_EVENT", alert::kUserEvent);

  claims.add("EVLEN", alert::kEventLength);
  claims.add("SNLEN", alert::service_length(profile));
  claims.add("LM20_SNLEN", alert::service_length(alert::Profile::lm20));
  return claims;
}

}  // namespace test
