/* lm20_reader.c - a mailslot reader as LAN Manager programmers wrote them.
 *
 * Takes one alert from standard input, the way DosReadMailslot would leave it: in a buffer that
 * nobody cleared, believed to the last byte. Prints one field per line.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <alert.h>

/* Laid out as it was then; clang-format knows no definitions of this kind. */
/* clang-format off */

#define MAXMSG 65475 /* largest mailslot message */

/* Signed numbers are shown as the bits they were sent as. */
#define WORD(n) ((unsigned)(n) & 0xFFFFu)
#define DWORD(n) ((unsigned long)(n) & 0xFFFFFFFFul)

/* Shows an ASCIIZ string; returns the next one. */
static char *
show(name, string)
char *name, *string;
{
	printf("%s %s\n", name, string);
	return string + strlen(string) + 1;
}

/* The same for a row of strings. */
static char *
show_all(name, string, count)
char *name, *string;
int count;
{
	while (count-- > 0)
		string = show(name, string);
	return string;
}

/* Event names are one whatever the case of their letters. */
static int
is_event(alert, name)
struct std_alert *alert;
char *name;
{
	char *event;

	for (event = alert->alrt_eventname; *event && toupper((unsigned char)*event) == *name; event++)
		name++;
	return *event == *name;
}

static void
admin_alert(alert)
struct std_alert *alert;
{
	struct admin_other_info *info;

	info = (struct admin_other_info *)ALERT_OTHER_INFO(alert);
	printf("alrtad_errcode %u\n", WORD(info->alrtad_errcode));
	printf("alrtad_numstrings %u\n", WORD(info->alrtad_numstrings));
	show_all("mergestrings", ALERT_VAR_DATA(info), info->alrtad_numstrings);
}

static void
user_alert(alert)
struct std_alert *alert;
{
	struct user_other_info *info;
	char *string;

	info = (struct user_other_info *)ALERT_OTHER_INFO(alert);
	printf("alrtus_errcode %u\n", WORD(info->alrtus_errcode));
	printf("alrtus_numstrings %u\n", WORD(info->alrtus_numstrings));
	string = show_all("mergestrings", ALERT_VAR_DATA(info), info->alrtus_numstrings);
	string = show("username", string);
	show("computername", string);
}

static void
print_alert(alert)
struct std_alert *alert;
{
	struct print_other_info *info;
	char *string;

	info = (struct print_other_info *)ALERT_OTHER_INFO(alert);
	printf("alrtpr_jobid %u\n", WORD(info->alrtpr_jobid));
	printf("alrtpr_status %u\n", WORD(info->alrtpr_status));
	printf("alrtpr_submitted %lu\n", DWORD(info->alrtpr_submitted));
	printf("alrtpr_size %lu\n", DWORD(info->alrtpr_size));
	string = show("computername", ALERT_VAR_DATA(info));
	string = show("username", string);
	string = show("queuename", string);
	string = show("destname", string);
	show("status_string", string);
}

static void
errlog_alert(alert)
struct std_alert *alert;
{
	struct errlog_other_info *info;

	info = (struct errlog_other_info *)ALERT_OTHER_INFO(alert);
	printf("alrter_errcode %u\n", WORD(info->alrter_errcode));
	printf("alrter_offset %lu\n", DWORD(info->alrter_offset));
}

static void
custom_alert(alert, size)
struct std_alert *alert;
int size;
{
	char *byte;

	printf("payload_hex ");
	for (byte = ALERT_OTHER_INFO(alert); byte < (char *)alert + size; byte++)
		printf("%02x", (unsigned)*byte & 0xFFu);
	printf("\n");
}

int
main()
{
	char buffer[MAXMSG];
	struct std_alert *alert;
	int size;

	size = (int)fread(buffer, 1, sizeof buffer, stdin);
	alert = (struct std_alert *)buffer;
	printf("alrt_timestamp %lu\n", DWORD(alert->alrt_timestamp));
	show("alrt_eventname", alert->alrt_eventname);
	show("alrt_servicename", alert->alrt_servicename);
	if (is_event(alert, ALERT_ADMIN_EVENT))
		admin_alert(alert);
	else if (is_event(alert, ALERT_USER_EVENT))
		user_alert(alert);
	else if (is_event(alert, ALERT_PRINT_EVENT))
		print_alert(alert);
	else if (is_event(alert, ALERT_ERRORLOG_EVENT))
		errlog_alert(alert);
	else if (is_event(alert, ALERT_MESSAGE_EVENT))
		show("msg_text", ALERT_OTHER_INFO(alert));
	else
		custom_alert(alert, size);
	return 0;
}
