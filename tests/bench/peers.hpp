#pragma once
// The same alert as protobuf, FlatBuffers, JSON and MessagePack carry it, each used at its best: objects
// and buffers are kept from one alert to the next, foreign bytes are verified, then every field is read.

#include <array>
#include <string>
#include <vector>

#include <flatbuffers/flatbuffers.h>
#include <nlohmann/json.hpp>

#include "alert.pb.h"
#include "alert/wire/alert.hpp"
#include "alert_generated.h"

namespace bench {

using alert::AlertView;
using AdminInfo = alert::AdminOtherInfo<std::string_view>;
using UserInfo = alert::UserOtherInfo<std::string_view>;
using PrintInfo = alert::PrintOtherInfo<std::string_view>;
using ErrlogInfo = alert::ErrlogOtherInfo<std::string_view>;
using MessageInfo = alert::MessageOtherInfo<std::string_view>;
using CustomInfo = alert::CustomOtherInfo<std::string_view>;

class Protobuf {
 public:
  bool encode(const AlertView& alert) {
    auto& m = message_;
    m.Clear();
    m.set_timestamp(alert.header.alrt_timestamp);
    set(m.mutable_eventname(), alert.header.alrt_eventname);
    set(m.mutable_servicename(), alert.header.alrt_servicename);
    std::visit([&](const auto& info) { set(m, info); }, alert.other_info);
    size_ = m.ByteSizeLong();
    if (size_ > bytes_.size()) return false;
    m.SerializeWithCachedSizesToArray(bytes_.data());
    return true;
  }

  template <class Visit>
  bool decode(Visit& visit) {
    if (!message_.ParseFromArray(bytes_.data(), static_cast<int>(size_))) return false;
    const auto& m = message_;
    visit(m.timestamp());
    visit(text(m.eventname()));
    visit(text(m.servicename()));
    switch (m.other_info_case()) {
      case alert_proto::Alert::kAdmin:
        visit(m.admin().errcode());
        for (const auto& s : m.admin().mergestrings()) visit(text(s));
        return true;
      case alert_proto::Alert::kUser:
        visit(m.user().errcode());
        for (const auto& s : m.user().mergestrings()) visit(text(s));
        visit(text(m.user().username()));
        visit(text(m.user().computername()));
        return true;
      case alert_proto::Alert::kPrint:
        visit(m.print().jobid());
        visit(m.print().status());
        visit(m.print().submitted());
        visit(m.print().size());
        visit(text(m.print().computername()));
        visit(text(m.print().username()));
        visit(text(m.print().queuename()));
        visit(text(m.print().destname()));
        visit(text(m.print().status_string()));
        return true;
      case alert_proto::Alert::kErrlog:
        visit(m.errlog().errcode());
        visit(m.errlog().offset());
        return true;
      case alert_proto::Alert::kMessage: visit(text(m.message().text())); return true;
      case alert_proto::Alert::kCustom: visit(text(m.custom().payload())); return true;
      case alert_proto::Alert::OTHER_INFO_NOT_SET: return false;
    }
    return false;
  }

 private:
  static std::string_view text(const std::string& bytes) { return bytes; }
  static void set(std::string* to, std::string_view from) { to->assign(from); }

  static void set(alert_proto::Alert& m, const AdminInfo& info) {
    m.mutable_admin()->set_errcode(info.alrtad_errcode);
    for (const auto s : info.mergestrings) set(m.mutable_admin()->add_mergestrings(), s);
  }
  static void set(alert_proto::Alert& m, const UserInfo& info) {
    auto& user = *m.mutable_user();
    user.set_errcode(info.alrtus_errcode);
    for (const auto s : info.mergestrings) set(user.add_mergestrings(), s);
    set(user.mutable_username(), info.username);
    set(user.mutable_computername(), info.computername);
  }
  static void set(alert_proto::Alert& m, const PrintInfo& info) {
    auto& print = *m.mutable_print();
    print.set_jobid(info.alrtpr_jobid);
    print.set_status(info.alrtpr_status);
    print.set_submitted(info.alrtpr_submitted);
    print.set_size(info.alrtpr_size);
    set(print.mutable_computername(), info.computername);
    set(print.mutable_username(), info.username);
    set(print.mutable_queuename(), info.queuename);
    set(print.mutable_destname(), info.destname);
    set(print.mutable_status_string(), info.status_string);
  }
  static void set(alert_proto::Alert& m, const ErrlogInfo& info) {
    m.mutable_errlog()->set_errcode(info.alrter_errcode);
    m.mutable_errlog()->set_offset(info.alrter_offset);
  }
  static void set(alert_proto::Alert& m, const MessageInfo& info) {
    set(m.mutable_message()->mutable_text(), info.msg_text);
  }
  static void set(alert_proto::Alert& m, const CustomInfo& info) {
    set(m.mutable_custom()->mutable_payload(), info.payload);
  }

  alert_proto::Alert message_;
  std::array<std::uint8_t, 4096> bytes_{};
  std::size_t size_ = 0;
};

class FlatBuffers {
 public:
  bool encode(const AlertView& alert) {
    builder_.Clear();
    const auto event = text(alert.header.alrt_eventname);
    const auto service = text(alert.header.alrt_servicename);
    const auto [type, info] = std::visit([&](const auto& i) { return build(i); }, alert.other_info);
    builder_.Finish(alert_flat::CreateAlert(builder_, alert.header.alrt_timestamp, event, service, type, info));
    return true;
  }

  template <class Visit>
  bool decode(Visit& visit) {
    flatbuffers::Verifier verifier(builder_.GetBufferPointer(), builder_.GetSize());
    if (!alert_flat::VerifyAlertBuffer(verifier)) return false;
    const auto& a = *alert_flat::GetAlert(builder_.GetBufferPointer());
    visit(a.timestamp());
    visit(text(a.eventname()));
    visit(text(a.servicename()));
    if (const auto* admin = a.other_info_as_Admin()) {
      visit(admin->errcode());
      if (admin->mergestrings())
        for (const auto* s : *admin->mergestrings()) visit(text(s));
    } else if (const auto* user = a.other_info_as_User()) {
      visit(user->errcode());
      if (user->mergestrings())
        for (const auto* s : *user->mergestrings()) visit(text(s));
      visit(text(user->username()));
      visit(text(user->computername()));
    } else if (const auto* print = a.other_info_as_Print()) {
      visit(print->jobid());
      visit(print->status());
      visit(print->submitted());
      visit(print->size());
      visit(text(print->computername()));
      visit(text(print->username()));
      visit(text(print->queuename()));
      visit(text(print->destname()));
      visit(text(print->status_string()));
    } else if (const auto* errlog = a.other_info_as_Errlog()) {
      visit(errlog->errcode());
      visit(errlog->offset());
    } else if (const auto* message = a.other_info_as_Message()) {
      visit(text(message->text()));
    } else if (const auto* custom = a.other_info_as_Custom()) {
      visit(text(custom->payload()));
    }
    return true;
  }

 private:
  using Text = flatbuffers::Offset<flatbuffers::String>;
  using Built = std::pair<alert_flat::OtherInfo, flatbuffers::Offset<void>>;

  static std::string_view text(const flatbuffers::String* s) {
    return s ? std::string_view(s->c_str(), s->size()) : std::string_view();
  }
  Text text(std::string_view s) { return builder_.CreateString(s.data(), s.size()); }
  auto texts(const alert::MergeStrings<std::string_view>& strings) {
    std::array<Text, alert::kMaxMergeStrings> offsets;
    for (std::size_t i = 0; i < strings.size(); ++i) offsets[i] = text(strings[i]);
    return builder_.CreateVector(offsets.data(), strings.size());
  }

  Built build(const AdminInfo& info) {
    return {alert_flat::OtherInfo_Admin,
            alert_flat::CreateAdmin(builder_, info.alrtad_errcode, texts(info.mergestrings)).Union()};
  }
  Built build(const UserInfo& info) {
    const auto strings = texts(info.mergestrings);
    const auto user = text(info.username), computer = text(info.computername);
    return {alert_flat::OtherInfo_User,
            alert_flat::CreateUser(builder_, info.alrtus_errcode, strings, user, computer).Union()};
  }
  Built build(const PrintInfo& info) {
    const auto computer = text(info.computername), user = text(info.username), queue = text(info.queuename);
    const auto dest = text(info.destname), status = text(info.status_string);
    return {alert_flat::OtherInfo_Print,
            alert_flat::CreatePrint(builder_, info.alrtpr_jobid, info.alrtpr_status, info.alrtpr_submitted,
                                    info.alrtpr_size, computer, user, queue, dest, status)
                .Union()};
  }
  Built build(const ErrlogInfo& info) {
    return {alert_flat::OtherInfo_Errlog,
            alert_flat::CreateErrlog(builder_, info.alrter_errcode, info.alrter_offset).Union()};
  }
  Built build(const MessageInfo& info) {
    return {alert_flat::OtherInfo_Message, alert_flat::CreateMessage(builder_, text(info.msg_text)).Union()};
  }
  Built build(const CustomInfo& info) {
    return {alert_flat::OtherInfo_Custom, alert_flat::CreateCustom(builder_, text(info.payload)).Union()};
  }

  flatbuffers::FlatBufferBuilder builder_{4096};
};

/// nlohmann's document, as JSON text or as MessagePack.
enum class Form { json, messagepack };

template <Form kForm>
class Nlohmann {
 public:
  bool encode(const AlertView& alert) {
    struct Build {
      alert::Profile profile_;
      nlohmann::json document = nlohmann::json::object();
      [[nodiscard]] alert::Profile profile() const { return profile_; }
      void narrow(const char* name, std::uint32_t value) { document[name] = value; }
      void wide(const char* name, std::uint32_t value) { document[name] = value; }
      void padding(const char*, std::size_t) {}
      void name(const char* name, std::string_view text, std::size_t) { string(name, text); }
      void string(const char* name, std::string_view text) { document[name] = std::string(text); }
      void count(const char*, const alert::MergeStrings<std::string_view>&) {}
      void strings(const char* name, const alert::MergeStrings<std::string_view>& strings) {
        auto& array = document[name] = nlohmann::json::array();
        for (const auto text : strings) array.push_back(std::string(text));
      }
      void rest(const char* name, std::string_view payload) { string(name, payload); }
    } build{alert.profile};
    for_each_field(alert, build);
    event_ = alert.other_info.index();
    if constexpr (kForm == Form::json)
      bytes_ = build.document.dump();
    else
      bytes_.clear(), nlohmann::json::to_msgpack(build.document, bytes_);
    return true;
  }

  template <class Visit>
  bool decode(Visit& visit) {
    const auto document = kForm == Form::json ? nlohmann::json::parse(bytes_, nullptr, false)
                                              : nlohmann::json::from_msgpack(bytes_, true, false);
    if (document.is_discarded()) return false;
    struct Read {
      const nlohmann::json& document;
      Visit& visit;
      [[nodiscard]] alert::Profile profile() const { return {}; }
      void narrow(const char* name, std::uint32_t) { visit(document.at(name).template get<std::uint32_t>()); }
      void wide(const char* name, std::uint32_t value) { narrow(name, value); }
      void padding(const char*, std::size_t) {}
      void name(const char* name, std::string_view text, std::size_t) { string(name, text); }
      void string(const char* name, std::string_view) { text(document.at(name)); }
      void count(const char*, const alert::MergeStrings<std::string_view>&) {}
      void strings(const char* name, const alert::MergeStrings<std::string_view>&) {
        for (const auto& s : document.at(name)) text(s);
      }
      void rest(const char* name, std::string_view payload) { string(name, payload); }
      void text(const nlohmann::json& value) {
        visit(std::string_view(value.template get_ref<const std::string&>()));
      }
    } read{document, visit};
    AlertView alert;
    alert.other_info = of_class(event_);
    for_each_field(alert, read);
    return true;
  }

 private:
  static alert::OtherInfo<std::string_view> of_class(std::size_t index) {
    switch (index) {
      case 1: return AdminInfo{};
      case 2: return UserInfo{};
      case 3: return PrintInfo{};
      case 4: return ErrlogInfo{};
      case 5: return MessageInfo{};
      default: return CustomInfo{};
    }
  }
  std::string bytes_;
  std::size_t event_ = 0;
};

}  // namespace bench
