/* lmalert.h: the alerts of Win32 (profile nt) for C source of that time; alert.h of lm20, in its shape.
 *
 * Strings are UTF-16LE, each ended by a zero WCHAR. Nothing here checks anything.
 *
 * Plain C89, also good for C++. Source: the fact sheet, sections 2 and 3.
 */
#ifndef ALERT_NT_LMALERT_H
#define ALERT_NT_LMALERT_H

#include <stddef.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "alerts are little endian and read in place"
#endif

typedef unsigned short WCHAR;
typedef unsigned int DWORD;

/* Lengths of names, without the zero. */
#define EVLEN 16    /* event */
#define SNLEN 80    /* service */
#define CNLEN 15    /* computer */
#define UNLEN 256   /* user */
#define NNLEN 80    /* shared resource */
#define QNLEN NNLEN /* print queue */
#define ALERTSZ 128 /* alert string of a server */

/* In UTF-16; in the source's own characters they would not be WCHARs. */
#define ALERT_PRINT_EVENT \
  { 'P', 'R', 'I', 'N', 'T', 'I', 'N', 'G', 0 }
#define ALERT_MESSAGE_EVENT \
  { 'M', 'E', 'S', 'S', 'A', 'G', 'E', 0 }
#define ALERT_ERRORLOG_EVENT \
  { 'E', 'R', 'R', 'O', 'R', 'L', 'O', 'G', 0 }
#define ALERT_ADMIN_EVENT \
  { 'A', 'D', 'M', 'I', 'N', 0 }
#define ALERT_USER_EVENT \
  { 'U', 'S', 'E', 'R', 0 }

/* alrtpr_status: the state of the job in its queue, what its printer says, and whether it is gone. */
#define PRJOB_QSTATUS 0x0003
#define PRJOB_QS_QUEUED 0
#define PRJOB_QS_PAUSED 1
#define PRJOB_QS_SPOOLING 2
#define PRJOB_QS_PRINTING 3
#define PRJOB_DEVSTATUS 0x01FC
#define PRJOB_COMPLETE 0x0004
#define PRJOB_INTERV 0x0008
#define PRJOB_ERROR 0x0010
#define PRJOB_DESTOFFLINE 0x0020
#define PRJOB_DESTPAUSED 0x0040
#define PRJOB_NOTIFY 0x0080
#define PRJOB_DESTNOPAPER 0x0100
#define PRJOB_DELETED 0x8000

typedef struct _STD_ALERT {
  DWORD alrt_timestamp;
  WCHAR alrt_eventname[EVLEN + 1];
  WCHAR alrt_servicename[SNLEN + 1];
} STD_ALERT;

typedef struct _ADMIN_OTHER_INFO {
  DWORD alrtad_errcode;
  DWORD alrtad_numstrings;
} ADMIN_OTHER_INFO; /* mergestrings */

typedef struct _USER_OTHER_INFO {
  DWORD alrtus_errcode;
  DWORD alrtus_numstrings;
} USER_OTHER_INFO; /* mergestrings, username, computername */

typedef struct _PRINT_OTHER_INFO {
  DWORD alrtpr_jobid;
  DWORD alrtpr_status; /* PRJOB_* */
  DWORD alrtpr_submitted;
  DWORD alrtpr_size;
} PRINT_OTHER_INFO; /* computername, username, queuename, destname, status_string */

typedef struct _ERRLOG_OTHER_INFO {
  DWORD alrter_errcode;
  DWORD alrter_offset;
} ERRLOG_OTHER_INFO;

#define ALERT_OTHER_INFO(x) ((unsigned char*)(x) + sizeof(STD_ALERT))
#define ALERT_VAR_DATA(p) ((unsigned char*)(p) + sizeof(*(p)))

/* Whatever the compiler: an array of size -1 is refused. */
typedef char nt_alrt_eventname_at_4[offsetof(STD_ALERT, alrt_eventname) == 4 ? 1 : -1];
typedef char nt_alrt_servicename_at_38[offsetof(STD_ALERT, alrt_servicename) == 38 ? 1 : -1];
typedef char nt_std_alert_has_200_bytes[sizeof(STD_ALERT) == 200 ? 1 : -1];
typedef char nt_admin_other_info_has_8_bytes[sizeof(ADMIN_OTHER_INFO) == 8 ? 1 : -1];
typedef char nt_user_other_info_has_8_bytes[sizeof(USER_OTHER_INFO) == 8 ? 1 : -1];
typedef char nt_print_other_info_has_16_bytes[sizeof(PRINT_OTHER_INFO) == 16 ? 1 : -1];
typedef char nt_errlog_other_info_has_8_bytes[sizeof(ERRLOG_OTHER_INFO) == 8 ? 1 : -1];

#endif
