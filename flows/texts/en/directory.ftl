### How a phone number is written: never without its country, where it was read and when.

line = • { $name }: { $number } ({ $country }; { $source }, { $date }; unverified)
line_hours = • { $name }: { $number }, { $hours } ({ $country }; { $source }, { $date }; unverified)
line_verified = • { $name }: { $number } ({ $country }; { $source }, { $date }; verified { $verified })
line_verified_hours = • { $name }: { $number }, { $hours } ({ $country }; { $source }, { $date }; verified { $verified })
line_none = We have no reliable number for this country. Ask at a hospital, a church or an organisation that you trust.
