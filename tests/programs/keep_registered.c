/* keep_registered.c - a service that waits for one administrator's alert. Its registration may have
 * outlived it: then it is stopped and started again. */
#include <stdio.h>

#include <netalert.h>

#define MAILSLOT "\\MAILSLOT\\KEEPREG"
#define MAXALERT 128

int main(void) {
  char buffer[MAXALERT];
  unsigned short size;
  unsigned handle, error;

  error = DosMakeMailslot(MAILSLOT, MAXALERT, 4 * MAXALERT, &handle);
  if (error) return (int)error;
  error = NetAlertStart(ALERT_ADMIN_EVENT, MAILSLOT, MAXALERT);
  if (error == NERR_AlertExists) {
    error = NetAlertStop(ALERT_ADMIN_EVENT, MAILSLOT);
    if (!error) error = NetAlertStart(ALERT_ADMIN_EVENT, MAILSLOT, MAXALERT);
    if (!error) printf("registered again\n");
  } else if (!error) {
    printf("registered\n");
  }
  fflush(stdout);
  if (!error) error = DosReadMailslot(handle, buffer, sizeof buffer, &size, NULL, NULL, MAILSLOT_NO_TIMEOUT);
  if (!error) {
    printf("%s from %s, %u bytes\n", ((struct std_alert*)buffer)->alrt_eventname,
           ((struct std_alert*)buffer)->alrt_servicename, size);
    NetAlertStop(ALERT_ADMIN_EVENT, MAILSLOT);
  }
  DosDeleteMailslot(handle);
  return error != 0;
}
