/* print_handler.c - tells a user about print jobs: the handler of LAN Manager's guide, written out. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <netalert.h>

#define MAILSLOT "\\mailslot\\prthand"
#define MAXPRINT 256 /* header, print_other_info and five names are never longer */

static volatile sig_atomic_t running = 1;

static void stop(int number) {
  (void)number;
  running = 0;
}

static int still_running(void) { return running; }

static void notify_user(char* buffer) {
  struct print_other_info* info = (struct print_other_info*)ALERT_OTHER_INFO(buffer);
  char* computer = ALERT_VAR_DATA(info);
  char* user = computer + strlen(computer) + 1;
  char* queue = user + strlen(user) + 1;
  char* destination = queue + strlen(queue) + 1;
  char* status = destination + strlen(destination) + 1;

  printf("%s: your job %d in %s", user, info->alrtpr_jobid, queue);
  if (info->alrtpr_status & PRJ_COMPLETE)
    printf(" is printed");
  else if (info->alrtpr_status & PRJ_ERROR)
    printf(" has failed");
  printf(" on %s (%s), %ld bytes\n", destination, status, (long)info->alrtpr_size);
  fflush(stdout);
}

static unsigned print_job_alert_handler(void) {
  char buffer[MAXPRINT + 1];
  unsigned short size, next_size, next_priority;
  unsigned handle, error;

  error = DosMakeMailslot(MAILSLOT, MAXPRINT, 0, &handle);
  if (error) return error;
  error = NetAlertStart(ALERT_PRINT_EVENT, MAILSLOT, MAXPRINT);
  if (error) return error;
  printf("ready\n");
  fflush(stdout);
  while (still_running()) {
    error = DosReadMailslot(handle, buffer, MAXPRINT, &size, &next_size, &next_priority, ALERT_MED_WAIT);
    if (error == ERROR_SEM_TIMEOUT || error == ERROR_INTERRUPT) continue;
    if (error) break;
    memset(buffer + size, 0, sizeof buffer - size);
    notify_user(buffer);
  }
  NetAlertStop(ALERT_PRINT_EVENT, MAILSLOT);
  DosDeleteMailslot(handle);
  return still_running() ? error : 0;
}

int main(void) {
  unsigned error;

  signal(SIGTERM, stop);
  signal(SIGINT, stop);
  error = print_job_alert_handler();
  if (error) fprintf(stderr, "print_handler: error %u\n", error);
  return error != 0;
}
