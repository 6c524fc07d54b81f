### Cómo se escribe un teléfono: nunca sin su país, de dónde salió y cuándo.

line = • { $name }: { $number } ({ $country }; { $source }, { $date }; sin verificar)
line_hours = • { $name }: { $number }, { $hours } ({ $country }; { $source }, { $date }; sin verificar)
line_verified = • { $name }: { $number } ({ $country }; { $source }, { $date }; verificado { $verified })
line_verified_hours = • { $name }: { $number }, { $hours } ({ $country }; { $source }, { $date }; verificado { $verified })
line_none = No tenemos un teléfono seguro para este país. Pregunta en un hospital, una iglesia o una ONG de confianza.
