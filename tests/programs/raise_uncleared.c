/* raise_uncleared.c - tells the administrator what is on its command line. Its buffer is passed as it
 * is: what stands behind the strings, and between them and the ends of the names, was there before. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <netalert.h>

int main(int argc, char** argv) {
  char buffer[512];
  struct std_alert* alert = (struct std_alert*)buffer;
  struct admin_other_info* info = (struct admin_other_info*)ALERT_OTHER_INFO(buffer);
  char* string = ALERT_VAR_DATA(info);
  unsigned error;
  int i;

  memset(buffer, 0xDB, sizeof buffer);
  alert->alrt_timestamp = (lm20_long)time(NULL);
  strcpy(alert->alrt_eventname, ALERT_ADMIN_EVENT);
  strcpy(alert->alrt_servicename, "UNCLEARED");
  info->alrtad_errcode = -1;
  info->alrtad_numstrings = (short)(argc - 1);
  for (i = 1; i < argc; i++) {
    if (strlen(argv[i]) >= (size_t)(buffer + sizeof buffer - string)) return 2;
    strcpy(string, argv[i]);
    string += strlen(string) + 1;
  }
  error = NetAlertRaise(ALERT_ADMIN_EVENT, buffer, sizeof buffer, ALERT_LONG_WAIT);
  if (error == NERR_NoSuchAlert)
    printf("nobody is registered\n");
  else
    printf("error %u\n", error);
  return error != 0;
}
