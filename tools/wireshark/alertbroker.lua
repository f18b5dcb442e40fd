-- Alerts in Wireshark and tshark: the records of the broker's journal, and alerts in mailslot writes.
--
-- A packet of a journal segment (link type 147, USER0) is a record. Whoever uses USER0 for something else
-- turns the protocol "alertbroker" off. Behind Wireshark's own dissectors, the payload of a mailslot write
-- over NetBIOS datagrams that reads as an alert is shown with the same fields. The SMB header is read here
-- once more for that, because Wireshark stops at some good ones: where \mailslot\ is in lower case, the
-- payload is empty or ByteCount is 0. There its mailslot.name is missing; alertbroker.mailslot is not.
--
-- Out of reach stay: fragments of NetBIOS datagrams; what Wireshark does not bring to the SMB header (damaged
-- names, another port than 138 until "Decode As" says NBDS); mailslot writes inside an SMB session; and OEM
-- code pages that Wireshark's Lua cannot convert (850 and 932).

local alertbroker = Proto("alertbroker", "Alert Broker")
local in_mailslot = Proto("alertbroker_mailslot", "Alert Broker in a mailslot write")

local codepages = {
  { 1, "437", ENC_CP437 }, { 2, "855", ENC_CP855 }, { 3, "866", ENC_CP866 }, { 4, "1252", ENC_WINDOWS_1252 } }
alertbroker.prefs.codepage = Pref.enum("OEM code page", ENC_CP437, "Of the text in lm20 alerts", codepages, false)

-- Bytes of a text unit, of a `narrow` number and of the header; text units of the names, without their zero.
local lm20 = { number = 1, name = "lm20", unit = 1, narrow = 2, header = 38,
               alrt_eventname = 16, alrt_pad1 = 1, alrt_servicename = 15 }
local nt = { number = 2, name = "nt", unit = 2, narrow = 4, header = 200,
             alrt_eventname = 16, alrt_pad1 = 0, alrt_servicename = 80 }

local kRecordHeader, kLargestAlert, kMaxMergeStrings = 64, 65475, 9
local profiles = { [0] = "none", "lm20", "nt" }
local kinds = { "alert", "indication", "gap", "table change", "checkpoint", "message" }
local record_flags = { { 1, "redelivered" }, { 2, "cut_at_maxdata" }, { 4, "relayed" } }
local status_bits = {
  { 0x0004, "PRJOB_COMPLETE" }, { 0x0008, "PRJOB_INTERV" }, { 0x0010, "PRJOB_ERROR" },
  { 0x0020, "PRJOB_DESTOFFLINE" }, { 0x0040, "PRJOB_DESTPAUSED" }, { 0x0080, "PRJOB_NOTIFY" },
  { 0x0100, "PRJOB_DESTNOPAPER" }, { 0x0200, "PRJ_DESTFORMCHG" }, { 0x0400, "PRJ_DESTCRTCHG" },
  { 0x0800, "PRJ_DESTPENCHG" }, { 0x8000, "PRJOB_DELETED" } }
local queue_states = { [0] = "PRJOB_QS_QUEUED", "PRJOB_QS_PAUSED", "PRJOB_QS_SPOOLING", "PRJOB_QS_PRINTING" }
local error_names = {
  [0] = "NERR_Success", [87] = "ERROR_INVALID_PARAMETER", [123] = "ERROR_INVALID_NAME",
  [2102] = "NERR_NetNotStarted", [2104] = "NERR_ShareMem", [2138] = "NERR_WkstaNotStarted",
  [2143] = "NERR_BadEventName", [2430] = "NERR_AlertExists", [2431] = "NERR_TooManyAlerts",
  [2432] = "NERR_NoSuchAlert", [2433] = "NERR_BadRecipient", [2440] = "NERR_InvalidLogSeek",
  [0xFFFF] = "none, the strings say it", [0xFFFFFFFF] = "none, the strings say it" }

-- The layouts in wire order: kind, field (its filter is "alertbroker." before that), label; then the words
-- or bits of its values, and its form in the Info column.
local record = {
  { "u32",     "size",              "Size of header and body" },
  { "u16",     "kind",              "Kind", words = kinds },
  { "u8",      "profile",           "Profile", words = profiles },
  { "flags",   "flags",             "Flags", bits = record_flags, size = 1 },
  { "u64",     "ordinal",           "Position in the mailbox" },
  { "u64",     "sequence",          "Position in the journal" },
  { "ns",      "accepted_ns",       "Accepted" },
  { "u32",     "uid",               "Raised by uid" },
  { "u32",     "pid",               "Raised by pid" },
  { "bytes",   "origin",            "Journal of the origin", size = 16 },
  { "u64",     "origin_sequence",   "Position in the journal of the origin" } }
local gap = {
  { "u64",     "gap.first",         "First", info = "%s" },
  { "u64",     "gap.last",          "Last", info = "to %s" },
  { "u64",     "gap.count",         "Alerts due to the mailbox" },
  { "u32",     "gap.reason",        "Reason", words = { "retention", "damaged" } },
  { "u32",     "gap.reserved",      "Reserved" } }
local std_alert = {
  { "time",    "alrt_timestamp",    "Raised" },
  { "name",    "alrt_eventname",    "Event", info = "%s" },
  { "bytes",   "alrt_pad1",         "Padding, undefined" },
  { "name",    "alrt_servicename",  "Service", info = "from %s" } }
local trailers = {
  ADMIN = { class = "admin",
    { "errcode", "alrtad_errcode",    "Error", info = "error %s" },
    { "count",   "alrtad_numstrings", "Number of strings" },
    { "strings", "mergestrings",      "String", info = "%s" } },
  USER = { class = "user",
    { "errcode", "alrtus_errcode",    "Error", info = "error %s" },
    { "count",   "alrtus_numstrings", "Number of strings" },
    { "strings", "mergestrings",      "String", info = "%s" },
    { "string",  "username",          "User", info = "to %s" },
    { "string",  "computername",      "Computer", info = "at %s" } },
  PRINTING = { class = "print",
    { "narrow",  "alrtpr_jobid",      "Job", info = "job %s" },
    { "flags",   "alrtpr_status",     "Status", bits = status_bits, states = queue_states },
    { "time",    "alrtpr_submitted",  "Submitted" },
    { "u32",     "alrtpr_size",       "Size in bytes" },
    { "string",  "computername",      "Computer", info = "at %s" },
    { "string",  "username",          "User", info = "of %s" },
    { "string",  "queuename",         "Queue", info = "in %s" },
    { "string",  "destname",          "Destination", info = "on %s" },
    { "string",  "status_string",     "Status text", info = "%s" } },
  ERRORLOG = { class = "errlog",
    { "errcode", "alrter_errcode",    "Error", info = "error %s" },
    { "u32",     "alrter_offset",     "Offset in the error log", info = "offset %s" } },
  MESSAGE = { class = "message",
    { "string",  "msg_text",          "Text", info = "%s" } } }
local custom = { class = "custom", { "bytes", "payload", "Payload" } }
local outside = {
  { "string",  "class",             "Class" },
  { "string",  "mailslot",          "Mailslot" },
  { "string",  "change",            "Table change" },
  { "string",  "annex",             "Annex" },
  { "bytes",   "body",              "Body" },
  { "bytes",   "trailing",          "Behind the alert, meaningless" },
  { "bytes",   "unread",            "Not read" } }

local notes = {}
for name, note in pairs({ malformed = { "Malformed", "MALFORMED", "ERROR" },
                          cut = { "Cut by the capture", "UNDECODED", "WARN" },
                          ambiguous = { "Could be lm20 or nt, both are shown", "PROTOCOL", "WARN" },
                          empty = { "No payload", "PROTOCOL", "NOTE" } }) do
  notes[name] = ProtoExpert.new("alertbroker." .. name, note[1], expert.group[note[2]], expert.severity[note[3]])
end
alertbroker.experts = notes

-- One ProtoField for each name in the layouts.
local proto_type = { u8 = "uint8", u16 = "uint16", u64 = "uint64", bytes = "bytes",
                     name = "string", string = "string", strings = "string" }
local protos, bit_protos, all_protos = {}, {}, {}

local function register(type, name, ...)
  local proto = ProtoField[type]("alertbroker." .. name, ...)
  all_protos[#all_protos + 1] = proto
  return proto
end

local function register_flags(name, label, bits, states, width)
  protos[name] = register("uint32", name, label, base.DEC_HEX)
  local parts = {}
  if states then parts[1] = register("uint32", name .. ".qstatus", "PRJOB_QSTATUS", base.DEC, states, 3) end
  for _, bit in ipairs(bits) do
    local short = bit[2]:gsub("^PRJ[OB]*_", ""):lower()
    parts[#parts + 1] = register("bool", name .. "." .. short, bit[2], width, nil, bit[1])
  end
  bit_protos[name] = parts
end

for _, layout in ipairs({ record, gap, std_alert, custom, outside, trailers.ADMIN, trailers.USER, trailers.PRINTING,
                          trailers.ERRORLOG, trailers.MESSAGE }) do
  for _, field in ipairs(layout) do
    local kind, name, label = field[1], field[2], field[3]
    local type = proto_type[kind] or "uint32"
    if protos[name] then -- shared by two classes
    elseif kind == "flags" then register_flags(name, label, field.bits, field.states, field.size and 8 or 16)
    elseif kind == "time" or kind == "ns" then protos[name] = register("absolute_time", name, label, base.UTC)
    elseif type:find("uint") then protos[name] = register(type, name, label, base.DEC, field.words)
    else protos[name] = register(type, name, label) end
  end
end
alertbroker.fields = all_protos

-- Reading: a cursor goes over a range once, and stops at its first failure.

local function raw_of(range) return range:len() > 0 and range:raw() or "" end
-- Wireshark refuses a range that starts at the end, even an empty one.
local function part(range, at, size) return size > 0 and range(at, size) or range(0, 0) end

-- `whole` is false where the capture ends before the packet did.
local function cursor(tree, range, whole, profile)
  return { tree = tree, range = range, raw = raw_of(range), at = 0, whole = whole, profile = profile,
           values = {}, info = {} }
end

local function fail(c, name, at, what) c.failure = c.failure or ("%s at %d: %s"):format(name, at, what) end

-- The next bytes; nil, and failed, if there are fewer.
local function take(c, name, size)
  local left = #c.raw - c.at
  if size > left then return fail(c, name, c.at, ("truncated, %d bytes expected, %d there"):format(size, left)) end
  c.at = c.at + size
  return part(c.range, c.at - size, size)
end

-- tshark prints the Info column as it is: no control character of foreign text (C0, DEL, C1) may get there.
local function printable(text)
  local function escaped(s) return (s:gsub(".", function(b) return ("\\x%02x"):format(b:byte()) end)) end
  return (text:gsub("[\0-\31\127]", escaped):gsub("\194[\128-\159]", escaped))
end

local function keep(c, field, value)
  local words = tostring(value)
  c.values[field[2]] = value
  if field.info and words ~= "" then c.info[#c.info + 1] = field.info:format(printable(words)) end
end

local function show(c, field, range, value)
  keep(c, field, value)
  return c.tree:add(protos[field[2]], range, value)
end

-- The text of from..to, kept if it has its zero. (TvbRange:string() would cut what gets longer in UTF-8.)
local function show_text(c, field, from, to, zero)
  local range, page = c.range(from, to - from), alertbroker.prefs.codepage
  c.tree:add_packet_field(protos[field[2]], range, c.profile == nt and ENC_UTF_16 + ENC_LITTLE_ENDIAN or page)
  if zero then keep(c, field, c.profile == nt and range(0, zero - from):le_ustring() or range:stringz(page)) end
end

-- Where the zero unit is that ends the text at `from`, if one begins before `to`.
local function terminator(raw, from, to, unit)
  for at = from, to - unit, unit do
    if raw:byte(at + 1) == 0 and raw:byte(at + unit) == 0 then return at end
  end
end

local read = {}
local function number(size)
  return function(c, field)
    local range = take(c, field[2], size or field.size or c.profile.narrow)
    if range then return show(c, field, range, range:len() == 8 and range:le_uint64() or range:le_uint()), range end
  end
end
read.u8, read.u16, read.u32, read.u64, read.narrow = number(1), number(2), number(4), number(8), number()

function read.errcode(c, field)
  local item = read.narrow(c, field)
  local name = error_names[c.values[field[2]]]
  if item and name then item:append_text((" (%s)"):format(name)) end
end
function read.flags(c, field)
  local item, range = read.narrow(c, field)
  if not item then return end
  local value, set = c.values[field[2]], {}
  for _, proto in ipairs(bit_protos[field[2]]) do item:add_le(proto, range) end
  if field.states then set[1] = field.states[value % 4] end
  for _, bit in ipairs(field.bits) do
    if value % (2 * bit[1]) >= bit[1] then set[#set + 1] = bit[2] end
  end
  if #set > 0 then item:append_text((" (%s)"):format(table.concat(set, ", "))) end
end
function read.time(c, field)
  local range = take(c, field[2], 4)
  if range then show(c, field, range, NSTime.new(range:le_uint(), 0)) end
end
function read.ns(c, field)
  local range, second = take(c, field[2], 8), UInt64.new(1000000000)
  if not range then return end
  local ns = range:le_uint64()
  show(c, field, range, NSTime.new((ns / second):tonumber(), (ns % second):tonumber()))
end

-- As many as the field or the profile says, else all that is left.
function read.bytes(c, field)
  local range = take(c, field[2], field.size or c.profile[field[2]] or #c.raw - c.at)
  if range and range:len() > 0 then c.tree:add(protos[field[2]], range) end
end
function read.name(c, field)
  local from, unit = c.at, c.profile.unit
  if not take(c, field[2], (c.profile[field[2]] + 1) * unit) then return end
  local zero = terminator(c.raw, from, c.at, unit)
  show_text(c, field, from, c.at, zero)
  if not zero then fail(c, field[2], from, ("no zero before %d"):format(c.at)) end
end
function read.string(c, field)
  local from, unit = c.at, c.profile.unit
  local zero = terminator(c.raw, from, #c.raw, unit)
  c.at = zero and zero + unit or #c.raw - (#c.raw - from) % unit
  if c.at > from then show_text(c, field, from, c.at, zero) end
  if not zero then fail(c, field[2], from, ("no zero before %d"):format(#c.raw)) end
end
function read.count(c, field)
  local from = c.at
  read.narrow(c, field)
  c.count = c.values[field[2]] or 0
  if c.count > kMaxMergeStrings then fail(c, field[2], from, ("%d, at most 9 expected"):format(c.count)) end
end
function read.strings(c, field)
  for _ = 1, c.count do
    if not c.failure then read.string(c, field) end
  end
end

local function read_layout(c, layout)
  for _, field in ipairs(layout) do
    if not c.failure then read[field[1]](c, field) end
  end
  return c
end

-- Shows the bytes that nothing was made of, and says what failed; what the Info column will say.
local function finish(c, behind)
  local item = c.tree
  if c.at < #c.raw then item = item:add(c.failure and protos.unread or behind, c.range(c.at, #c.raw - c.at)) end
  if c.failure then
    item:add_proto_expert_info(c.whole and notes.malformed or notes.cut, c.failure)
    c.info[#c.info + 1] = ("[%s]"):format(c.failure)
  end
  return table.concat(c.info, " ")
end

-- ASCII only: what Lua's own upper() does depends on the locale.
local function upper(text) return (text:gsub("[a-z]", function(c) return string.char(c:byte() - 32) end)) end

local function dissect_alert(range, profile, whole, tree)
  local c = cursor(tree:add(alertbroker, range, ("Alert, %s"):format(profile.name)), range, whole, profile)
  read_layout(c, std_alert)
  if not c.failure then
    local trailer = trailers[upper(c.values.alrt_eventname)] or custom
    c.tree:append_text(" " .. trailer.class)
    c.tree:add(protos.class, trailer.class):set_generated()
    table.insert(c.info, 1, trailer.class)
    read_layout(c, trailer)
  end
  return finish(c, protos.trailing)
end

-- A journal record: its body, and what the Info column will say of that.
local function dissect_body(head, body, tree)
  local kind = kinds[head.values.kind]
  local profile = ({ lm20, nt })[head.values.profile]
  if kind == "alert" and profile then return dissect_alert(body, profile, head.whole, tree) end
  if kind == "gap" then return "gap " .. finish(read_layout(cursor(tree, body, head.whole), gap), protos.body) end
  if kind == "message" and head.values.flags then
    if body:len() > 0 then tree:add(protos.body, body) end
    return ("message, priority %d"):format(math.floor(tonumber(head.values.flags) / 16))
  end
  if kind == "table change" or kind == "checkpoint" then
    tree:add_packet_field(protos.change, body, ENC_UTF_8)
    return kind .. " " .. printable(raw_of(body):sub(1, 200):gsub("[\128-\255]+", "?"))
  end
  if not kind then fail(head, "kind", 4, "1 to 6 expected") end
  if kind == "alert" then fail(head, "profile", 6, "1 (lm20) or 2 (nt) expected") end
  if body:len() > 0 then tree:add(protos.body, body) end
  return kind or "record"
end

function alertbroker.dissector(tvb, pinfo, tree)
  local all = tvb:range(0, tvb:len())
  local root = tree:add(alertbroker, all, "Alert Broker record")
  local head = read_layout(cursor(root, all, tvb:len() == tvb:reported_len()), record)
  local size, body = head.values.size, "record"
  if size and (size < kRecordHeader or size > kRecordHeader + kLargestAlert) then
    fail(head, "size", 0, ("%d to %d expected"):format(kRecordHeader, kRecordHeader + kLargestAlert))
  elseif not head.failure then
    head.at = math.min(size, tvb:len())
    body = dissect_body(head, part(all, kRecordHeader, head.at - kRecordHeader), root)
    if size > tvb:len() then fail(head, "size", 0, ("%d bytes expected, %d there"):format(size, tvb:len())) end
    local annex = size + (8 - size % 8) % 8
    if annex < tvb:len() then root:add_packet_field(protos.annex, all(annex), ENC_UTF_8) end
    head.at = tvb:len()
    root:append_text((" %s"):format(tostring(head.values.sequence)))
  end
  pinfo.cols.protocol = "ALERT"
  head.info = { body }
  pinfo.cols.info = finish(head, protos.unread)
  return tvb:len()
end

DissectorTable.get("wtap_encap"):add((wtap_encaps or wtap).USER0, alertbroker)

local smb_item, datagram_item = Field.new("smb"), Field.new("nbdgm")
local other_protocols = { "^BROWSE$", "^LANMAN$", "^MESSNGR$", "^MSSP$", "^NETLOGON$", "^NET\\", "^TEMP\\" }
local kSlotName = 69 -- from the 0xFF of the SMB header

-- The slot, DataOffset and DataCount of a mailslot write; nothing if it is something else.
-- ByteCount does not matter, nor where the name ends: these two alone say where the payload is.
local function mailslot_write(smb)
  if smb:len() <= kSlotName or smb(0, 4):uint() ~= 0xFF534D42 or smb(4, 1):uint() ~= 0x25 or
    smb(32, 1):uint() ~= 17 or smb(59, 1):uint() ~= 3 or smb(61, 2):le_uint() ~= 1 then return end
  local slot, offset = smb:raw(kSlotName):match("^([^\0]+)\0"), smb(57, 2):le_uint()
  if not slot or upper(slot:sub(1, 10)) ~= "\\MAILSLOT\\" or offset <= kSlotName + #slot then return end
  for _, other in ipairs(other_protocols) do
    if upper(slot:sub(11)):find(other) then return end
  end
  return smb(kSlotName):stringz(alertbroker.prefs.codepage), offset, smb(55, 2):le_uint()
end

-- How much sense the event name makes in a profile: most if it is a class of its own, else its length, if it
-- is an acceptable name of printable ASCII in a whole header.
local function sense(raw, profile)
  local zero = terminator(raw, 4, math.min(#raw, 4 + (profile.alrt_eventname + 1) * profile.unit), profile.unit)
  if not zero then return 0 end
  local wire = raw:sub(5, zero)
  local name = profile == nt and wire:gsub("(.)\0", "%1") or wire
  if #name * profile.unit ~= #wire then return 0 end
  if trailers[upper(name)] then return 17 end
  return #raw >= profile.header and not name:find('[^ -~]') and not name:find('["/\\%[%]:|<>+=;,?]') and #name or 0
end

function in_mailslot.dissector(_, pinfo, tree)
  local smb, datagram = smb_item(), datagram_item()
  if not (smb and datagram) then return end
  local head = smb.source:range(datagram.offset, 14)
  if head(1, 1):uint() % 4 ~= 2 or head(12, 2):uint() ~= 0 then return end -- a fragment
  local room = math.min(smb.source:reported_len(), datagram.offset + 14 + head(10, 2):uint()) - smb.offset
  local there = math.min(room, smb.source:len() - smb.offset)
  if there <= 0 then return end
  local range = smb.source:range(smb.offset, there)
  local slot, offset, count = mailslot_write(range)
  if not slot or offset + count > room then return end
  local payload = part(range, offset, math.min(count, there - offset))
  local as_lm20, as_nt = sense(raw_of(payload), lm20), sense(raw_of(payload), nt)
  if count > 0 and as_lm20 == 0 and as_nt == 0 then return end
  local root = tree:add(alertbroker, payload, "Alert Broker, mailslot write to " .. printable(slot))
  root:add(protos.mailslot, slot):set_generated()
  if count == 0 then root:add_proto_expert_info(notes.empty) return end
  local readings = {}
  for _, profile in ipairs(as_lm20 > as_nt and { lm20 } or as_nt > as_lm20 and { nt } or { lm20, nt }) do
    root:add(protos.profile, profile.number):set_generated()
    readings[#readings + 1] = dissect_alert(payload, profile, there == room, root)
  end
  if #readings > 1 then root:add_proto_expert_info(notes.ambiguous) end
  pinfo.cols.protocol = "ALERT"
  pinfo.cols.info = table.concat(readings, ", or ")
end

register_postdissector(in_mailslot)
