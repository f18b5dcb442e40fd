/* netalert.h: LAN Manager's alerts and mailslots for C programs on Linux; link with -lnetalert.
 *
 * Every call returns 0 or one of the numbers below. Beyond those that each call names, the broker may
 * answer 5 (a rule or an owner is against it), 29 (its disk is full) and 1816 (a quota is exhausted).
 * NERR_NetNotStarted: there is no broker, nothing has happened. NERR_WkstaNotStarted: there is one, but
 * it did not answer in time, or went before it answered; the call may have taken effect, or still take it.
 *
 * The broker is the one that ALERTBROKER_SOCKET names, otherwise the user's, otherwise the host's.
 * Names are UTF-8. Calls may come from several threads at once, on one handle, too. A mailslot made here
 * lives as long as its handle, this process and the broker; a registration stays until NetAlertStop.
 *
 * A forked child has no handles: they stay its parent's, and in the child they are invalid. It may make
 * every call itself; where the parent has several threads, as after every fork, behind exec only.
 *
 * With NETALERT_NT defined, NetAlertRaise is Win32's: three arguments, alerts as in nt/lmalert.h.
 * Without, it is LAN Manager's: four arguments, alerts as in lm20/alert.h.
 *
 * Plain C89, also good for C++.
 */
#ifndef NETALERT_H
#define NETALERT_H

#ifdef NETALERT_NT
#include "nt/lmalert.h"
#else
#include "lm20/alert.h"
#endif

#define NERR_Success 0
#define NERR_BASE 2100
#define NERR_NetNotStarted (NERR_BASE + 2)    /* no broker */
#define NERR_ShareMem (NERR_BASE + 4)         /* no memory */
#define NERR_WkstaNotStarted (NERR_BASE + 38) /* no answer */
#define NERR_BadEventName (NERR_BASE + 43)
#define NERR_AlertExists (NERR_BASE + 330)   /* the pair is registered */
#define NERR_TooManyAlerts (NERR_BASE + 331) /* the table is full */
#define NERR_NoSuchAlert (NERR_BASE + 332)   /* nobody, or this pair, is not registered */
#define NERR_BadRecipient (NERR_BASE + 333)  /* neither \MAILSLOT\name nor \SEM\name */
#define NERR_InvalidLogSeek (NERR_BASE + 340)

#define ERROR_FILE_NOT_FOUND 2
#define ERROR_PATH_NOT_FOUND 3
#define ERROR_ACCESS_DENIED 5
#define ERROR_INVALID_HANDLE 6
#define ERROR_NOT_ENOUGH_MEMORY 8
#define ERROR_WRITE_FAULT 29
#define ERROR_READ_FAULT 30 /* something was lost before the next message: said once, reading goes on */
#define ERROR_NOT_SUPPORTED 50
#define ERROR_BAD_NETPATH 53
#define ERROR_INVALID_PARAMETER 87
#define ERROR_INTERRUPT 95        /* by a signal */
#define ERROR_BROKEN_PIPE 109     /* the mailslot is gone */
#define ERROR_BUFFER_OVERFLOW 111 /* larger than the mailslot's messages */
#define ERROR_SEM_TIMEOUT 121
#define ERROR_INSUFFICIENT_BUFFER 122 /* the message is still there */
#define ERROR_INVALID_NAME 123
#define ERROR_BUSY 170
#define ERROR_ALREADY_EXISTS 183
#define ERROR_NOT_ENOUGH_QUOTA 1816

#define MAILSLOT_NO_TIMEOUT (-1L) /* wait for ever */
#define MAILSLOT_LARGEST_MESSAGE 65475U
#define MAILSLOT_LARGEST_PRIORITY 9U
#define MAILSLOT_CLASS_1 1U /* guaranteed */
#define MAILSLOT_CLASS_2 2U

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Alerts of LAN Manager ---- */

#ifndef NETALERT_NT
/* Gives the alert in `buffer` to everybody who is registered for `event`, which decides whatever the
 * alert's header says; bytes behind the alert do no harm. Waits at most `timeout` milliseconds, -1 for
 * ever, never less than 100. 87, 123, 2102, 2104, 2138, 2432 where nobody is registered. */
unsigned short NetAlertRaise(const char* event, const void* buffer, unsigned short buffer_size,
                             unsigned long timeout);
#endif

/* Registers \MAILSLOT\name (which gets at most `maxdata` bytes of each alert) or \SEM\name. The mailslot
 * need not exist yet. 87, 123, 2102, 2104, 2138, 2143, 2430, 2431, 2433. */
unsigned short NetAlertStart(const char* event, const char* recipient, unsigned short maxdata);

/* 87, 2102, 2104, 2138, 2432. */
unsigned short NetAlertStop(const char* event, const char* recipient);

/* ---- Alerts of Win32 ---- */

/* NetAlertRaise under NETALERT_NT. `event` is UTF-16. Nobody need be registered. 2 (no broker), 87, 123. */
unsigned int NetAlertRaiseW(const unsigned short* event, const void* buffer, unsigned int buffer_size);
#ifdef NETALERT_NT
#define NetAlertRaise NetAlertRaiseW
#endif
/* The same with the header made here, for now: `info` is what follows it, at most 312 bytes. */
unsigned int NetAlertRaiseEx(const unsigned short* event, const void* info, unsigned int info_size,
                             const unsigned short* service);

/* ---- Mailslots of LAN Manager ---- */

/* `mailslot_size`: how many bytes of messages writers may leave unread, at least `message_size`; 0: the
 * system chooses. 3, 8, 87, 183. */
unsigned short DosMakeMailslot(const char* name, unsigned short message_size, unsigned short mailslot_size,
                               unsigned* handle);

/* What is unread goes with it; whoever waits gets 109. 6. */
unsigned short DosDeleteMailslot(unsigned handle);

/* Outputs may be null. next_size and next_priority are of the first message; without one next_size is
 * 0, as for an empty one: look at `messages`, which is at most 65535. 6. */
unsigned short DosMailslotInfo(unsigned handle, unsigned short* message_size, unsigned short* mailslot_size,
                               unsigned short* next_size, unsigned short* next_priority, unsigned short* messages);

/* The first message: the oldest of the highest priority (looking ahead a megabyte). Outputs may be null.
 * `buffer_size` is more than the original has: 122 where it is too small. The last two outputs are of
 * the message that is first now. 6, 30, 95, 109, 121 after `timeout` milliseconds (0: one look, -1: for ever). */
unsigned short DosReadMailslot(unsigned handle, void* buffer, unsigned short buffer_size, unsigned short* returned,
                               unsigned short* next_size, unsigned short* next_priority, long timeout);

/* The same, and the message stays. Never waits: an empty mailslot returns 0 bytes. The last two outputs
 * are of the message behind. 6, 109, 122. */
unsigned short DosPeekMailslot(unsigned handle, void* buffer, unsigned short buffer_size, unsigned short* returned,
                               unsigned short* next_size, unsigned short* next_priority);

/* A string's size includes its zero. Priority 0 (low) to 9, class 1 or 2. Waits for room. 3, 50 for a mailslot
 * elsewhere, 87, 95, 109 where it was deleted meanwhile, 111, 121, 2102, 2138. */
unsigned short DosWriteMailslot(const char* name, const void* message, unsigned short size, unsigned short priority,
                                unsigned short class_of_service, long timeout);

/* ---- Mailslots of Win32 ---- */

#define MAILSLOT_NO_MESSAGE 0xFFFFFFFFU
#define MAILSLOT_WAIT_FOREVER 0xFFFFFFFFU
#define MAILSLOT_INVALID_HANDLE 0xFFFFFFFFU
#define MAILSLOT_GENERIC_READ 0x80000000U
#define MAILSLOT_GENERIC_WRITE 0x40000000U
#define MAILSLOT_SHARE_READ 1U
#define MAILSLOT_SHARE_WRITE 2U

/* CreateMailslot: \\.\mailslot\name. `max_message` 0: no limit but MAILSLOT_LARGEST_MESSAGE.
 * `read_timeout` in milliseconds, 0: one look. 3 (no name), 8, 123, 183. */
unsigned int MailslotCreate(const char* name, unsigned int max_message, unsigned int read_timeout,
                            unsigned int* handle);

/* CreateFile: a writer's handle. Every share mode is granted. 2 (no such mailslot), 53 (elsewhere), 123. */
unsigned int MailslotOpen(const char* name, unsigned int access, unsigned int share_mode, unsigned int* handle);

/* WriteFile: behind everything else, at once. 2 (the mailslot is gone), 5 (a reader's handle), 6, 87 (larger than
 * the mailslot's messages), 121 (no room). */
unsigned int MailslotWrite(unsigned int handle, const void* message, unsigned int size, unsigned int* written);

/* ReadFile: the oldest message. 6, 30, 87 (a writer's handle), 109, 121, 122. */
unsigned int MailslotRead(unsigned int handle, void* buffer, unsigned int buffer_size, unsigned int* returned);

/* GetMailslotInfo; outputs may be null. 6, 87 (a writer's handle). */
unsigned int MailslotInfo(unsigned int handle, unsigned int* max_message, unsigned int* next_size,
                          unsigned int* messages, unsigned int* read_timeout);

/* CloseHandle: a reader's takes the mailslot and what is in it along. 6. */
unsigned int MailslotClose(unsigned int handle);

#ifdef __cplusplus
}
#endif

#endif
