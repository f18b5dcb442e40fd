/* alert.h: the alerts of 16-bit LAN Manager (profile lm20) for C source of that time.
 *
 * Compile with -I.../include/lm20, say #include <alert.h>, and cast what a mailbox holds:
 *
 *     struct std_alert *         the bytes of one alert
 *     ALERT_OTHER_INFO(alert)    what its class adds: a *_other_info, or the text of a MESSAGE
 *     ALERT_VAR_DATA(info)       the strings behind a *_other_info, one after the other
 *
 * Strings are in the OEM code page of their sender, each ended by a zero. Nothing here checks
 * anything: the broker delivers well-formed alerts only, but one that is longer than the maxdata
 * of its registration arrives cut. Bytes behind the last string mean nothing.
 *
 * A `long` has 4 bytes here, as it had then. Where it has 8 today, say printf("%ld", (long)x),
 * and copy a time into a time_t before its address goes to ctime().
 *
 * Plain C89, also good for C++. Source: the fact sheet, sections 1 and 3.
 */
#ifndef ALERT_LM20_ALERT_H
#define ALERT_LM20_ALERT_H

#include <limits.h>
#include <stddef.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "alerts are little endian and read in place"
#endif

/* Lengths of names, without the zero. */
#define EVLEN 16           /* event */
#define SNLEN 15           /* service */
#define LM20_SNLEN SNLEN   /* its later name */
#define CNLEN 15           /* computer */
#define UNCLEN (CNLEN + 2) /* computer, with its two backslashes */
#define DNLEN 15           /* domain */
#define UNLEN 20           /* user */
#define NNLEN 12           /* shared resource */
#define QNLEN NNLEN        /* print queue */
#define PDLEN 8            /* print destination */
#define JOBSTLEN 80        /* status text of a print job */
#define STXTLEN 63         /* status text of a service */
#define AFLEN 64           /* alert names of a server */
#define ALERTSZ 128        /* alert string of a server */
#define NETBIOS_NAME_LEN 16

#define ALERT_PRINT_EVENT "PRINTING"
#define ALERT_MESSAGE_EVENT "MESSAGE"
#define ALERT_ERRORLOG_EVENT "ERRORLOG"
#define ALERT_ADMIN_EVENT "ADMIN"
#define ALERT_USER_EVENT "USER"

/* Time-outs to raise with, in milliseconds. */
#define ALERT_SHORT_WAIT 100L
#define ALERT_MED_WAIT 1000L
#define ALERT_LONG_WAIT 10000L

/* alrtpr_status: the state of the job in its queue, */
#define PRJ_QSTATUS 0x0003
#define PRJ_QS_QUEUED 0
#define PRJ_QS_PAUSED 1
#define PRJ_QS_SPOOLING 2
#define PRJ_QS_PRINTING 3
/* what its printer says, */
#define PRJ_DEVSTATUS 0x0FFC
#define PRJ_COMPLETE 0x0004
#define PRJ_INTERV 0x0008 /* an operator is needed */
#define PRJ_ERROR 0x0010
#define PRJ_DESTOFFLINE 0x0020
#define PRJ_DESTPAUSED 0x0040
#define PRJ_NOTIFY 0x0080 /* an alert is wanted */
#define PRJ_DESTNOPAPER 0x0100
#define PRJ_DESTFORMCHG 0x0200
#define PRJ_DESTCRTCHG 0x0400
#define PRJ_DESTPENCHG 0x0800
/* and whether it is gone. */
#define PRJ_DELETED 0x8000

/* The 16-bit compilers' long. */
#if LONG_MAX == 2147483647L
typedef long lm20_long;
#else
typedef int lm20_long;
#endif

#pragma pack(push, 1)

struct std_alert {
  lm20_long alrt_timestamp;         /* seconds since 1970, UTC */
  char alrt_eventname[EVLEN + 1];   /* the class; letters in either case */
  char alrt_pad1;                   /* undefined */
  char alrt_servicename[SNLEN + 1]; /* who raised it */
};

/* ADMIN */
struct admin_other_info {
  short alrtad_errcode;    /* -1: there is no message number, show the strings */
  short alrtad_numstrings; /* 0 to 9 */
};                         /* mergestrings */

/* USER */
struct user_other_info {
  short alrtus_errcode;
  short alrtus_numstrings; /* 0 to 9 */
};                         /* mergestrings, username, computername */

/* PRINTING */
struct print_other_info {
  short alrtpr_jobid;
  short alrtpr_status;        /* PRJ_* */
  lm20_long alrtpr_submitted; /* seconds since 1970, UTC */
  lm20_long alrtpr_size;      /* bytes */
};                            /* computername, username, queuename, destname, status_string */

/* ERRORLOG */
struct errlog_other_info {
  short alrter_errcode;
  lm20_long alrter_offset; /* of the entry in the error log */
};

#pragma pack(pop)

#define ALERT_OTHER_INFO(x) ((char*)(x) + sizeof(struct std_alert))
#define ALERT_VAR_DATA(p) ((char*)(p) + sizeof(*(p)))

/* Whatever the compiler: an array of size -1 is refused. */
typedef char lm20_alrt_timestamp_at_0[offsetof(struct std_alert, alrt_timestamp) == 0 ? 1 : -1];
typedef char lm20_alrt_eventname_at_4[offsetof(struct std_alert, alrt_eventname) == 4 ? 1 : -1];
typedef char lm20_alrt_pad1_at_21[offsetof(struct std_alert, alrt_pad1) == 21 ? 1 : -1];
typedef char lm20_alrt_servicename_at_22[offsetof(struct std_alert, alrt_servicename) == 22 ? 1 : -1];
typedef char lm20_std_alert_has_38_bytes[sizeof(struct std_alert) == 38 ? 1 : -1];
typedef char lm20_alrtad_errcode_at_0[offsetof(struct admin_other_info, alrtad_errcode) == 0 ? 1 : -1];
typedef char lm20_alrtad_numstrings_at_2[offsetof(struct admin_other_info, alrtad_numstrings) == 2 ? 1 : -1];
typedef char lm20_admin_other_info_has_4_bytes[sizeof(struct admin_other_info) == 4 ? 1 : -1];
typedef char lm20_alrtus_errcode_at_0[offsetof(struct user_other_info, alrtus_errcode) == 0 ? 1 : -1];
typedef char lm20_alrtus_numstrings_at_2[offsetof(struct user_other_info, alrtus_numstrings) == 2 ? 1 : -1];
typedef char lm20_user_other_info_has_4_bytes[sizeof(struct user_other_info) == 4 ? 1 : -1];
typedef char lm20_alrtpr_jobid_at_0[offsetof(struct print_other_info, alrtpr_jobid) == 0 ? 1 : -1];
typedef char lm20_alrtpr_status_at_2[offsetof(struct print_other_info, alrtpr_status) == 2 ? 1 : -1];
typedef char lm20_alrtpr_submitted_at_4[offsetof(struct print_other_info, alrtpr_submitted) == 4 ? 1 : -1];
typedef char lm20_alrtpr_size_at_8[offsetof(struct print_other_info, alrtpr_size) == 8 ? 1 : -1];
typedef char lm20_print_other_info_has_12_bytes[sizeof(struct print_other_info) == 12 ? 1 : -1];
typedef char lm20_alrter_errcode_at_0[offsetof(struct errlog_other_info, alrter_errcode) == 0 ? 1 : -1];
typedef char lm20_alrter_offset_at_2[offsetof(struct errlog_other_info, alrter_offset) == 2 ? 1 : -1];
typedef char lm20_errlog_other_info_has_6_bytes[sizeof(struct errlog_other_info) == 6 ? 1 : -1];

#endif
