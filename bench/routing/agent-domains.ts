/** What agents with tools are about, for `agent-asks.ts`: eighteen trades with their tools, things, chores and troubles. */

export interface Domain {
  /** Look-ups in it are about programs. */
  readonly isCode?: true;
  readonly tools: readonly string[];
  /** What has a name or a number. */
  readonly thing: readonly string[];
  /** What is asked of one thing, after a colon or on its own: "is it paid". */
  readonly question: readonly string[];
  /** The same after "whether", "when", "who": "it has been paid". */
  readonly fact: readonly string[];
  readonly action: readonly string[];
  readonly many: readonly string[];
  /** What went wrong, as a sentence without its full stop. */
  readonly trouble: readonly string[];
  /** What is to be settled with care. */
  readonly job: readonly string[];
}

export const domains: readonly Domain[] = [
  {
    tools: ['find_claim', 'update_claim'],
    thing: ['claim C-{n}', 'policy {n}', 'the claim of {name}', 'file {n}'],
    question: ['who handles it?', 'open or closed?', 'has the expert been there?', 'how much was paid?'],
    fact: ['whether it has been paid', 'who the adjuster is', 'when it was filed'],
    action: [
      'close claim C-{n}',
      'add a note to file {n}: customer called',
      'assign claim C-{n} to {name}',
      'set policy {n} to paused',
    ],
    many: ['the water damage claims', 'the claims above 5,000', 'the rejected claims'],
    trouble: [
      'two claims of one policy were paid twice',
      'claims from the north take three times as long as those from the south',
    ],
    job: ['whether claim C-{n} should be paid, given the two expert reports and the exclusions of its policy'],
  },
  {
    tools: ['find_book', 'renew_loan', 'reserve'],
    thing: ['the loan of {name}', 'card {n}', 'shelf mark {n}', 'the reservation under {name}'],
    question: ['is it overdue?', 'which branch has it?', 'how many people wait for it?'],
    fact: ['whether the book is back', 'when it is due', 'which branch has a copy'],
    action: ['renew the loans of card {n}', 'reserve the atlas for {name}', 'cancel the reservation {n}'],
    many: ['the loans of the last winter', 'the reservations nobody picked up'],
    trouble: ['the number of loans fell by a third although visits rose', 'the catalogue lists books that no shelf has'],
    job: ['which tenth of the stock to remove, by use, age and what other branches hold'],
  },
  {
    tools: ['find_patient_slot', 'book_slot', 'move_slot'],
    thing: ['the appointment of {name}', 'room {n}', 'the slots of Dr. {name}', 'visit {n}'],
    question: ['what time?', 'is it confirmed?', 'who is the doctor?'],
    fact: ['whether {name} has confirmed', 'when the next free slot is', 'which room it is in'],
    action: [
      'book {name} for {day} at nine',
      'move the visit {n} to {day}',
      'send {name} a reminder',
      'cancel the slot on {day}',
    ],
    many: ['the missed visits', 'the waiting times of all rooms'],
    trouble: ['every {day} the clinic runs two hours late', 'patients are booked into rooms that are closed'],
    job: ['a rota for nine nurses and three rooms in which nobody works two nights in a row and every shift has a senior'],
  },
  {
    tools: ['get_invoice', 'mark_paid', 'send_reminder'],
    thing: ['invoice {n}', 'customer number {n}', 'the last payment of {name}', 'credit note {n}'],
    question: ['paid or open?', 'what is the total?', 'when is it due?', 'which account did it go to?'],
    fact: ['whether it was paid', 'how much is open', 'when the reminder went out'],
    action: ['mark invoice {n} as paid', 'send a reminder for invoice {n}', 'resend invoice {n} to {name}', 'block customer {n}'],
    many: ['the open invoices', 'the entries of the bank statement', 'the write-offs'],
    trouble: [
      'the ledger and the bank differ by 1,418.20 and nobody knows since when',
      'a customer was charged with two different rates of tax',
    ],
    job: ['how the {n} open items are to be valued at the end of the year, and book what follows'],
  },
  {
    tools: ['stock_level', 'move_stock', 'create_purchase'],
    thing: ['article {n}', 'bin {n}', 'part KX-{n}', 'pallet {n}'],
    question: ['how many are left?', 'which aisle?', 'when does the next batch come?'],
    fact: ['how many there are', 'where it is stored', 'whether it is reserved'],
    action: ['reserve six of part KX-{n}', 'move pallet {n} to gate 4', 'reorder article {n}', 'count bin {n} again tomorrow'],
    many: ['the slow movers', 'the deliveries of all four suppliers', 'the stock differences'],
    trouble: [
      'counted and booked stock drift apart by two percent a month',
      'the same part runs out every spring although more was ordered',
    ],
    job: ['how much of each part to order for the season, with lead times, a full warehouse and one supplier that may fail'],
  },
  {
    tools: ['get_calendar', 'create_event', 'delete_event'],
    thing: ['my calendar for {day}', 'the meeting with {name}', 'the team call', 'next week'],
    question: ['am I free after lunch?', 'who is invited?', 'which room?'],
    fact: ['when we meet', 'whether {name} has accepted', 'where the call is'],
    action: [
      'put lunch with {name} on {day}',
      'move the call to half past two',
      'delete the meeting on {day}',
      'invite {name} to it',
    ],
    many: ['the meetings of the last quarter', 'the calendars of the six of us'],
    trouble: ['people are booked in two places at once, but only those who travel'],
    job: [
      'a week of twelve interviews with five people so that nobody has more than two in a row and all see each candidate once',
    ],
  },
  {
    tools: ['lights', 'heating', 'blinds', 'get_sensor'],
    thing: ['the sensor in the attic', 'the garage door', 'the heating upstairs', 'meter {n}'],
    question: ['on or off?', 'how warm is it?', 'open or closed?'],
    fact: ['whether the window is open', 'how much power the house draws', 'what the meter says'],
    action: [
      'dim the lights in the hall',
      'heating to 19 in the study',
      'close the blinds on the south side',
      'start the dishwasher at ten',
    ],
    many: ['the readings of all sensors since autumn', 'the power use by device'],
    trouble: ['the house uses more power at night than in the day and nothing seems to be on'],
    job: [
      'rules for heating and blinds that save a fifth without any room falling below 18 degrees, from the readings of last winter',
    ],
  },
  {
    tools: ['search_trains', 'book_seat', 'cancel_booking'],
    thing: ['train {n}', 'booking {n}', 'the connection to {city}', 'the 8:{n} to {city}'],
    question: ['which platform?', 'is it on time?', 'are there seats left?'],
    fact: ['whether it runs on {day}', 'which platform it leaves from', 'when it arrives'],
    action: [
      'book a window seat to {city} on {day}',
      'cancel booking {n}',
      'change booking {n} to first class',
      'find the last train to {city}',
    ],
    many: ['the delays on the line to {city}', 'the fares of the three operators'],
    trouble: ['connections in {city} are missed twice as often since the new timetable'],
    job: ['a round trip of five cities in eight days, trains only, no arrival after nine in the evening, under 600 in all'],
  },
  {
    tools: ['get_ticket', 'close_ticket', 'reset_password', 'get_device'],
    thing: ['ticket {n}', 'laptop {n}', 'the account of {name}', 'printer {n}'],
    question: ['who has it?', 'is it still open?', 'which version does it run?'],
    fact: ['who works on it', 'whether it has been closed', 'which floor it stands on'],
    action: ['close ticket {n}', 'reset the password of {name}', 'give {name} access to the share', 'raise ticket {n} to urgent'],
    many: ['the tickets about the network', 'the laptops that failed within a year'],
    trouble: ['some users lose their session at odd times, always after lunch, and only on the third floor'],
    job: ['in which order to replace 240 machines with a budget for 90, by age, failures and what their users do'],
  },
  {
    isCode: true,
    tools: ['get_build', 'get_branch', 'rerun_job', 'read_file'],
    thing: ['build {n}', 'pull request {n}', 'branch release-{n}', 'the last run on main'],
    question: ['green or red?', 'who merged it?', 'how long did it take?', 'which commit?'],
    fact: ['whether it passed', 'who the reviewer is', 'when it was merged'],
    action: [
      'rerun the lint job of build {n}',
      'show me the diff stat of pull request {n}',
      'open README.md',
      'label pull request {n} as docs',
      'delete branch tmp-{n}',
    ],
    many: ['the failures on main', 'the changes since release-{n}'],
    trouble: [
      'a test fails once in forty runs and only when two shards share a machine',
      'the bundle grew by 300 kB and no dependency changed',
      'users are logged out when they reload the page',
      'the search finds nothing that has an umlaut in it',
      'the total in the basket is off by a cent',
      'the export stops after the first thousand rows',
      'the menu stays open on phones',
    ],
    job: [
      'a change that moves the module from callbacks to streams without breaking its users, with tests, and open a pull request',
    ],
  },
  {
    isCode: true,
    tools: ['get_host', 'restart_service', 'get_metric'],
    thing: ['host web-{n}', 'the disk of db-{n}', 'the certificate of the shop', 'node {n}'],
    question: ['up or down?', 'how full is it?', 'when does it expire?', 'what load does it have?'],
    fact: ['whether it is up', 'how much memory is free', 'when it was restarted last'],
    action: ['restart nginx on web-{n}', 'drain node {n}', 'silence the alert for an hour', 'scale the workers to four'],
    many: ['the alerts of the last month', 'the metrics of all eight nodes'],
    trouble: [
      'latency doubles for ten minutes every night, on another node each time',
      'one replica lags by minutes and catches up without a reason',
    ],
    job: ['what has to change so that the loss of one zone is survived, and what of it can be done without an outage'],
  },
  {
    isCode: true,
    tools: ['run_query', 'describe_table'],
    thing: ['table customers_{n}', 'the row with id {n}', 'the newest entry', 'region {n}'],
    question: ['how many rows?', 'which columns?', 'when was it updated?'],
    fact: ['how many rows there are', 'which columns it has', 'what the highest value is'],
    action: ['count the users in {city}', 'list the tables', 'show the first ten rows', 'export it as csv'],
    many: ['the sign-ups by week and channel', 'the sales of all regions'],
    trouble: [
      'sign-ups fell by a fifth in the week of the new form, but only on phones',
      'two reports of the same figure differ by 3 percent',
    ],
    job: ['whether the price change in March raised revenue, with what else happened at that time taken into account'],
  },
  {
    tools: ['find_contact', 'send_email', 'log_call'],
    thing: ['the number of {name}', 'the contact at {firm}', 'lead {n}', 'the last mail from {firm}'],
    question: ['who owns it?', 'when did we last talk?', 'what is the address?'],
    fact: ['who our contact is', 'when the contract ends', 'whether they replied'],
    action: [
      'log a call with {name}',
      'mail {name} that I am late',
      'set lead {n} to won',
      'add {name} from {firm} as a contact',
    ],
    many: ['the deals we lost', 'the customers who left within a year'],
    trouble: ['we win fewer deals in {city} although we are cheaper there'],
    job: ['which ten accounts are most likely to leave, from calls, tickets and payments, and what to offer each'],
  },
  {
    tools: ['get_balance', 'transfer', 'block_card'],
    thing: ['account {n}', 'my savings account', 'the card ending in {n}', 'the transfer to {name}'],
    question: ['what is the balance?', 'has it arrived?', 'what was the fee?'],
    fact: ['whether the salary has come', 'how much is left', 'when it was booked'],
    action: ['transfer 50 to {name}', 'block the card ending in {n}', 'show the last five bookings', 'set the limit to 500'],
    many: ['my spending of the last two years', 'the fees of all accounts'],
    trouble: ['small amounts leave the account every second month under changing names'],
    job: ['whether to repay the loan early or to invest, with the fees, the tax and what I may need in three years'],
  },
  {
    tools: ['get_employee', 'request_leave', 'get_payslip'],
    thing: ['employee {n}', 'the leave of {name}', 'the payslip of May', 'shift {n}'],
    question: ['how many days are left?', 'who approves it?', 'which team?'],
    fact: ['how many days {name} has left', 'who the manager is', 'whether it was approved'],
    action: [
      'enter two days off for {name}',
      'approve the request {n}',
      'swap the shifts of {name} and me',
      'send {name} the form',
    ],
    many: ['the resignations of two years', 'the overtime of all teams'],
    trouble: ['one team has twice the sick days of the others and the same work'],
    job: ['a pay scale that closes the gap between the two sites within three years and costs at most 2 percent'],
  },
  {
    tools: ['find_flat', 'book_viewing', 'get_tenant'],
    thing: ['flat {n}', 'the lease of {name}', 'viewing {n}', 'unit {n} in {city}'],
    question: ['is it still free?', 'what is the rent?', 'are pets allowed?'],
    fact: ['whether it is let', 'what the deposit is', 'when {name} moves out'],
    action: ['book a viewing of flat {n} on {day}', 'take flat {n} off the list', 'send the tenant of unit {n} the house rules'],
    many: ['the rents of comparable flats', 'the repairs of all houses'],
    trouble: ['the heating costs of one house are double those of its twin'],
    job: ['whether to renovate or sell the house in {city}, from rents, repairs and what similar ones fetched'],
  },
  {
    tools: ['search_docs', 'open_page'],
    thing: ['the page about badges', 'article KB-{n}', 'the onboarding guide', 'form {n}'],
    question: ['who wrote it?', 'is it current?', 'which step comes after the login?'],
    fact: ['where the form is', 'who maintains it', 'what the limit is'],
    action: [
      'find the guide for the coffee machine',
      'open article KB-{n}',
      'search for the guest wifi',
      'link me the travel form',
    ],
    many: ['the pages that mention the old process', 'the guides of all departments'],
    trouble: ['three guides describe the same process and each leads to a different form'],
    job: ['one process out of the three that the guides describe, and say which rule each of them breaks'],
  },
  {
    tools: ['play', 'add_to_playlist', 'set_alarm', 'add_item'],
    thing: ['my shopping list', 'the alarm for {day}', 'playlist {n}', 'the podcast from yesterday'],
    question: ['what is on it?', 'which one is next?', 'how long is it?'],
    fact: ['what is playing', 'how long it lasts', 'when the alarm rings'],
    action: [
      'add eggs and flour to the list',
      'wake me at six on {day}',
      'play something quiet',
      'skip this one',
      'timer, eight minutes',
    ],
    many: ['what I listened to this year', 'the recipes I saved'],
    trouble: ['the alarm rings an hour late since the trip, but not every day'],
    job: ['meals for two weeks from what is in the pantry, without nuts, under 60 in all, and nothing twice within four days'],
  },
];
