package concept

// nights are the hours when little is left to see, ownSky what can't be seen on a world with a sky of its own.
const (
	nights = "night,moonlight,milky-way,eclipse,aurora,fireworks,fireflies,day-for-night,lights-on"
	ownSky = "overcast,clear-sky,storm,sunset,dawn,night,moonlight,milky-way,lights-on,aurora,eclipse,fireworks"
)

// places says where and in which season the picture is.
func places() []ingredient {
	return []ingredient{
		{name: "autumn", words: words{as: "autumn day|autumn landscape", adj: "autumnal|~autumn", in: "in autumn|in autumn colours|in the fall",
			do: "turn @ into autumn|make it autumn|colour the leaves orange and gold", of: "autumn|autumn colours|autumn leaves"}},
		{name: "snow", words: words{as: "winter landscape|winter day", adj: "snowy|snow-covered|~winter", in: "covered in snow|in winter|under a blanket of snow",
			do: "cover everything in snow|cover @ with snow|turn @ into winter", of: "snow|winter|snow cover"}},
		{name: "spring-blossom", words: words{as: "spring day|spring landscape", adj: "~spring|~blossoming", in: "in spring|in full bloom|with trees in blossom",
			do: "turn @ into spring|make it spring|let the trees blossom", of: "spring|spring blossom|pink blossom"}},
		{name: "desert", slight: none, words: words{as: "desert|desert landscape", adj: "~desert", in: "in the desert|buried in desert sand",
			do: "turn @ into a desert|move @ to the desert|cover the ground with desert sand", of: "desert|desert sand"}},
		{name: "underwater", words: words{as: "underwater world|underwater scene", adj: "~underwater|~sunken", in: "under water|at the bottom of the sea|sunk into the sea",
			do: "put @ under water|sink @ into the sea|move @ to the bottom of the sea", of: "deep water|sea water"},
			without: ownSky + ",fog,ground-mist,rain,snowfall,sandstorm,wildfire,golden-hour,blue-hour,sun-rays,day-for-night,fireflies"},
		{name: "lush", slight: none, traits: chroma | subtle, words: words{as: "lush landscape|lush summer day", adj: "lush|~lush green", in: "in lush green|with lush green plants",
			do: "make @ lush and green|make the plants lush|make the grass and the trees greener", of: "lush green|fresh green"}},
		{name: "mars", slight: none, words: words{as: "landscape on Mars|Martian landscape", adj: "~Martian", in: "on Mars|on the planet Mars",
			do: "move @ to Mars|put @ on Mars|turn @ into the planet Mars", of: "Mars|red dust of Mars"},
			without: "rain,snowfall,storm,clear-sky,overcast"},
		{name: "drought", traits: subtle, words: words{as: "parched landscape|dry summer day", adj: "parched|dry|dried-out", in: "in a drought|after a long drought|with dry grass",
			do: "dry out the grass|let everything dry out|turn @ into a drought", of: "drought|dry grass"},
			without: "rain,snowfall,storm"},
		{name: "alien-planet", slight: none, words: words{as: "alien planet|alien landscape", adj: "~alien|~otherworldly", in: "on an alien planet|on another planet",
			do: "move @ to an alien planet|turn @ into an alien planet|put @ on another planet", of: "alien planet|alien world"},
			without: ownSky},
		{name: "candy-land", slight: none, words: words{as: "candy land|land of candy", adj: "~sugary|~candy", in: "in candy land|made of candy",
			do: "turn @ into candy land|make everything out of candy|move @ to candy land", of: "candy land|candy"},
			without: ownSky},
		{name: "lava", slight: none, words: words{as: "volcanic landscape|land of lava", adj: "~volcanic", in: "with flowing lava|full of lava",
			do: "fill @ with lava|let lava flow through it|turn the water into lava", of: "lava|flowing lava"},
			without: ownSky + ",rain,snowfall,golden-hour,blue-hour,sun-rays"},
		{name: "toxic", slight: none, words: words{as: "toxic wasteland|poisoned landscape", adj: "toxic|poisoned", in: "full of toxic waste|poisoned by toxic waste",
			do: "fill @ with toxic waste|poison everything with toxic waste|turn @ into a toxic wasteland", of: "toxic waste|poison"},
			without: ownSky},
	}
}

// hours says what time it is and where the light comes from.
func hours() []ingredient {
	const dark = "clear-sky,overcast,storm,rain,sandstorm"
	return []ingredient{
		{name: "night", traits: veil, slight: none, without: dark, words: words{as: "starry night|night scene", adj: "~night-time|~starry", in: "at night|under the stars|at night with stars",
			do: "turn day into night|make it night|fill the sky with stars", of: "night|stars|starry sky"}},
		{name: "sunset", without: "clear-sky,overcast,storm,rain,fog", words: words{as: "sunset|sunset scene", adj: "~sunset", in: "at sunset|in the light of the setting sun",
			do: "turn @ into a sunset|let the sun set|make it sunset", of: "sunset|sunset light"}},
		{name: "golden-hour", traits: chroma, base: "strength=0.65", slight: "strength=0.35", strong: "strength=1", without: dark,
			words: words{as: "golden evening|golden hour", adj: "~golden-hour|~sunlit", in: "at golden hour|in golden evening light",
				do: "make it golden hour|bathe @ in golden evening light|light @ with a low golden sun", of: "golden hour light|golden evening light"}},
		{name: "dawn", without: "clear-sky,overcast,storm,fog", words: words{as: "pink dawn|early dawn", adj: "~dawn|~early-morning", in: "at dawn|at daybreak|early in the morning",
			do: "make it dawn|turn @ into dawn|move @ to daybreak", of: "dawn|dawn light"}},
		{name: "blue-hour", without: dark, words: words{as: "blue evening|blue hour", adj: "~blue-hour|~dusky", in: "at blue hour|in the blue of dusk|after the sun is down",
			do: "make it blue hour|move @ to the blue hour|turn @ into a blue dusk", of: "blue hour|dusk"}},
		{name: "moonlight", traits: veil, slight: none, without: dark, words: words{as: "moonlit night|moonlit scene", adj: "~moonlit", in: "in the moonlight|under a full moon",
			do: "light @ with a full moon|bathe @ in moonlight|put a full moon in the sky", of: "moonlight|full moon"}},
		{name: "sun-rays", without: "overcast,storm,rain,fog,snowfall,sandstorm,wildfire", words: words{as: "sunny morning|sunny scene", adj: "~sunny|~sun-drenched", in: "with rays of sunlight|in rays of sunlight|with sunbeams",
			do: "add rays of sunlight|let sunbeams in|send rays of sunlight through it", of: "rays of sunlight|sunbeams"}},
		{name: "aurora", traits: veil, slight: none, without: dark + ",fog,wildfire", words: words{as: "night of northern lights|polar night", adj: "~aurora|~polar", in: "under the northern lights|under an aurora",
			do: "add northern lights|put an aurora in the sky|light up the sky with an aurora", of: "northern lights|aurora"}},
		{name: "day-for-night", slight: none, traits: photo, without: dark, words: words{as: "day for night shot|fake night", adj: "~day-for-night", in: "in a day for night look|filmed day for night",
			do: "fake night with a dark blue filter|shoot @ day for night|make @ day for night", of: "day for night|fake night"}},
		{name: "lights-on", traits: veil, slight: none, without: dark, words: words{as: "town at dusk|evening with lit windows", adj: "~lamplit", in: "with lit windows|with the lights on|at dusk with lit windows",
			do: "switch the lights on|light the windows|turn on the lights in the windows", of: "lit windows|lamp light"}},
		{name: "milky-way", traits: veil, slight: none, without: dark + ",fog,wildfire", words: words{as: "galaxy night|night with the milky way", adj: "~galaxy-filled", in: "under the milky way|under a bright galaxy",
			do: "put the milky way in the sky|add the milky way|fill the sky with a galaxy", of: "milky way|galaxy"}},
		{name: "club-lights", without: dark + ",fog,wildfire", words: words{as: "club scene|disco scene", adj: "~disco|~club-lit", in: "in pink and blue club lights|under pink and blue disco lights",
			do: "light @ like a club|add pink and blue club lights|bathe @ in disco lights", of: "club lights|disco lights"}},
		{name: "fireflies", traits: veil, slight: none, without: dark + ",fog,wildfire,snowfall", words: words{as: "night full of fireflies|firefly night", adj: "~firefly-lit", in: "with fireflies|lit by fireflies",
			do: "add fireflies|fill @ with fireflies|let fireflies fly around", of: "fireflies|glowing fireflies"}},
		{name: "eclipse", traits: veil, slight: none, without: dark + ",fog,wildfire", words: words{as: "solar eclipse|day of an eclipse", adj: "~eclipsed", in: "during a solar eclipse|under a black sun",
			do: "add a solar eclipse|let the moon cover the sun|turn the sun black in an eclipse", of: "solar eclipse|eclipse"}},
		{name: "fireworks", traits: veil, slight: none, without: dark + ",fog,wildfire,snowfall", words: words{as: "night of fireworks|firework night", adj: "~festive", in: "with fireworks|under fireworks",
			do: "add fireworks|light fireworks in the sky|fill the sky with fireworks", of: "fireworks"}},
	}
}

// weathers says what falls from the sky and hangs in the air.
func weathers() []ingredient {
	return []ingredient{
		{name: "fog", traits: veil, slight: "density=0.45", strong: "density=2.2", words: words{as: "foggy day|foggy scene", adj: "foggy", in: "in the fog|wrapped in fog",
			do: "add fog|make @ foggy|let fog roll in", of: "fog"}},
		{name: "rain", words: words{as: "rainy day|rainy scene", adj: "rainy|wet", in: "in the rain|on a rainy day", do: "make it rain|add rain|let rain fall", of: "rain|rainy weather"}},
		{name: "snowfall", words: words{as: "day of falling snow|snowstorm", in: "in falling snow|in a snowstorm|while it snows",
			do: "let it snow|add falling snow|make it snow", of: "falling snow|snowflakes"}, without: "spring-blossom"},
		{name: "overcast", words: words{as: "overcast day|cloudy day", adj: "overcast|cloudy", in: "under an overcast sky|under grey clouds",
			do: "cover the sky with clouds|make the sky overcast|add grey clouds", of: "grey clouds|overcast sky"}},
		{name: "ground-mist", words: words{as: "misty morning|misty scene", adj: "misty", in: "in low mist|with mist over the ground",
			do: "add low mist|lay mist over the ground|make @ misty", of: "mist|low mist"}},
		{name: "storm", traits: veil, slight: none, words: words{as: "thunderstorm|stormy day", adj: "stormy", in: "in a thunderstorm|with lightning in the sky",
			do: "add a thunderstorm|make @ stormy|let a thunderstorm break out", of: "thunderstorm|lightning"}},
		{name: "clear-sky", traits: chroma, without: "sandstorm", words: words{as: "cloudless day|bright blue day", adj: "~cloudless|~blue-sky", in: "under a clear blue sky|with a cloudless sky",
			do: "clear the sky|make the sky blue and cloudless|take the clouds away", of: "clear blue sky|blue sky"}},
		{name: "sandstorm", traits: veil, words: words{as: "sandstorm|dusty day", adj: "dusty|sandy", in: "in a sandstorm|in blowing sand",
			do: "add a sandstorm|let a sandstorm blow in|fill the air with sand", of: "blowing sand|dust in the air"}},
		{name: "wildfire", traits: veil, words: words{as: "wildfire|smoky day", adj: "smoky|fiery", in: "in wildfire smoke|under a burning sky",
			do: "add wildfire smoke|set the sky on fire|fill the air with smoke", of: "smoke|wildfire smoke"}},
	}
}
